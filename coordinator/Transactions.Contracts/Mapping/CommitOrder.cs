using System.Collections.Immutable;
using Transactions.Model;

namespace Transactions.Contracts;

/// <summary>What a Commit asks for, and a Resolve asks about.</summary>
/// <param name="Context">The transaction.</param>
/// <param name="Shards">The whole set that the client gathered.</param>
public sealed record CommitOrder(TransactionContext Context, ImmutableArray<CommitShard> Shards)
{
    /// <summary>The business request's key, scoped to the context's client; null without one.</summary>
    public IdempotencyKey? Key { get; init; }

    /// <summary>What to store with the decision; only in a Commit with a key.</summary>
    public ReadOnlyMemory<byte>? Result { get; init; }
}
