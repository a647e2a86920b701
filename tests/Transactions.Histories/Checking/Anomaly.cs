using System.Collections.Immutable;

namespace Transactions.Histories;

/// <summary>One thing that is wrong with a history. Immutable.</summary>
/// <param name="Kind">What.</param>
/// <param name="Key">The key it is about; null if it is about several or none.</param>
/// <param name="Transactions">The indexes of the events that began the transactions concerned.</param>
/// <param name="Explanation">Why it is wrong, with the transactions; several lines.</param>
/// <param name="Cycle">The edges, if it is a cycle: each begins where the one before ends.</param>
public sealed record Anomaly(
    AnomalyKind Kind, string? Key, ImmutableArray<long> Transactions, string Explanation, ImmutableArray<CycleStep> Cycle)
{
    /// <summary>The field's name of it.</summary>
    public string Name => Kind.ToName();

    public override string ToString() => $"{Name}: {Explanation}";
}
