using System.Collections.Immutable;
using Transactions.Clocks;
using Transactions.Model;

namespace Transactions.Participant;

/// <summary>One transaction's part of a batch that persists votes, one-phase commits and tombstones.</summary>
public abstract record PersistItem(TransactionId Id)
{
    /// <summary>Persists a vote with its intents (X7).</summary>
    public sealed record Prepare(PreparedRow Row) : PersistItem(Row.Context.Id);

    /// <summary>
    /// Writes the outcome row if there is none, and, from that row if this won it, the versions (X11). The result is what
    /// the register then holds.
    /// </summary>
    public sealed record OnePhase(TransactionId Id, Timestamp CommitTimestamp, ImmutableArray<RecordWrite> Writes) : PersistItem(Id);

    /// <summary>Writes an abort row if there is none (D4). The result is what the register then holds.</summary>
    public sealed record Tombstone(TransactionId Id, AbortReason Reason) : PersistItem(Id);
}
