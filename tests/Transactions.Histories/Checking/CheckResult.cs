using System.Collections.Immutable;

namespace Transactions.Histories;

/// <summary>What a check found. Immutable; the same for the same history and options.</summary>
/// <param name="Anomalies">By kind, then in the order found, at most <see cref="CheckOptions.MaxToldPerKind"/> each.</param>
/// <param name="Found">How many were found, those not told among them.</param>
/// <param name="Counters">How much was judged.</param>
public sealed record CheckResult(ImmutableArray<Anomaly> Anomalies, int Found, CheckCounters Counters)
{
    /// <summary>Whether nothing is wrong.</summary>
    public bool IsValid => Anomalies.IsEmpty;

    /// <summary>Whether something of this kind is wrong.</summary>
    public bool Has(AnomalyKind kind) => Anomalies.Any(anomaly => anomaly.Kind == kind);

    public override string ToString() =>
        IsValid ? $"clean: {Counters}" : $"{Found} anomalies{Environment.NewLine}{string.Join(Environment.NewLine, Anomalies)}";
}
