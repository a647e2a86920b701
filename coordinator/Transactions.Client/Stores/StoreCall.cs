using Transactions.Clocks;
using Transactions.Model;
using Transactions.Participant;

namespace Transactions.Client;

/// <summary>One request to a Store, as both of its ends see it.</summary>
/// <param name="Shard">The shard that is asked.</param>
public abstract record StoreCall(ShardId Shard)
{
    /// <summary>An operation of a transaction; the transaction itself comes beside it, signed.</summary>
    /// <param name="Shard">The shard that is asked.</param>
    /// <param name="Number">The operation's number (X2).</param>
    /// <param name="Operation">What to do.</param>
    public sealed record Execute(ShardId Shard, OperationNumber Number, Operation Operation) : StoreCall(Shard);

    /// <summary>A read at a timestamp, outside any transaction.</summary>
    /// <param name="Shard">The shard that is asked.</param>
    /// <param name="At">The timestamp; null leaves the choice of the present to the shard (S1).</param>
    /// <param name="Query">What to read.</param>
    public sealed record Read(ShardId Shard, Timestamp? At, SnapshotQuery Query) : StoreCall(Shard);
}
