using System.Collections.Immutable;
using Transactions.Model;

namespace Transactions.Coordinator;

/// <summary>One row of the decision log: how a transaction ended, for all coordinators and for ever (D1).</summary>
/// <param name="Id">The transaction.</param>
/// <param name="Outcome">Committed or aborted.</param>
/// <param name="Writers">The shards that must apply it; none for an abort.</param>
public sealed record Decision(TransactionId Id, Outcome Outcome, ImmutableArray<ShardGeneration> Writers)
{
    /// <summary>The business request's key; never on an abort (D6).</summary>
    public IdempotencyKey? Key { get; init; }

    /// <summary>What to answer to repeats of the key.</summary>
    public ReadOnlyMemory<byte>? Result { get; init; }

    /// <summary>An abort's row: no writers, no key.</summary>
    public static Decision Abort(TransactionId id, AbortReason reason) => new(id, Outcome.Aborted(reason), []);
}
