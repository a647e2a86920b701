using System.Collections.Immutable;
using System.Text;

namespace Transactions.Histories;

/// <summary>Collects what is wrong, and stops telling a kind when enough was told of it.</summary>
internal sealed class AnomalyLog(int maxToldPerKind)
{
    private readonly List<Anomaly> _told = [];
    private readonly Dictionary<AnomalyKind, int> _found = [];

    public int Found => _found.Values.Sum();

    public ImmutableArray<Anomaly> Anomalies => [.. _told.OrderBy(anomaly => anomaly.Kind)];

    /// <summary>Counts an anomaly, and says whether it is to be told: only then are words worth making.</summary>
    public bool Count(AnomalyKind kind)
    {
        int before = _found.GetValueOrDefault(kind);
        _found[kind] = before + 1;
        return before < maxToldPerKind;
    }

    /// <summary>Tells what <see cref="Count"/> let through.</summary>
    public void Tell(AnomalyKind kind, KeyHistory? key, string why, params ReadOnlySpan<Transaction?> concerned) =>
        Tell(kind, key, why, [], concerned);

    public void Tell(AnomalyKind kind, KeyHistory? key, string why, ImmutableArray<CycleStep> cycle, params ReadOnlySpan<Transaction?> concerned)
    {
        StringBuilder text = new(why);
        ImmutableArray<long>.Builder labels = ImmutableArray.CreateBuilder<long>();
        foreach (Transaction? transaction in concerned)
        {
            if (transaction is not null && !labels.Contains(transaction.Label))
            {
                labels.Add(transaction.Label);
                text.Append(Environment.NewLine).Append("  ").Append(transaction.Describe());
            }
        }

        _told.Add(new Anomaly(kind, key?.Name, labels.DrainToImmutable(), text.ToString(), cycle));
    }
}
