using System.Collections.Immutable;
using Transactions.Model;

namespace Transactions.Participant;

/// <summary>How a batch of votes, one-phase commits and tombstones fared.</summary>
public abstract record PersistResult
{
    /// <summary>
    /// Committed and acknowledged. For each item, in order, what the outcome register holds (one-phase and tombstone);
    /// null for a vote, and for an id at or below the outcomes mark, of which no row may be inserted (D5).
    /// </summary>
    public sealed record Committed(ImmutableArray<Outcome?> Register) : PersistResult;

    /// <summary>Certainly nothing was written.</summary>
    /// <param name="IsTransient">Whether the same may succeed when tried again.</param>
    /// <param name="Message">For people.</param>
    public sealed record RolledBack(bool IsTransient, string Message) : PersistResult;

    /// <summary>Sent, and its answer lost or acknowledged with a warning (L6).</summary>
    public sealed record Ambiguous(string Message) : PersistResult;

    /// <summary>Generation or epoch is another one (L2): this owner is fenced, and nothing was written.</summary>
    public sealed record Fenced : PersistResult;
}
