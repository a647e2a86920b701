using Transactions.Clocks;
using Transactions.Model;
using Transactions.Participant;

namespace Transactions.Client;

// Sends a collection's operations to where they belong: into the transaction, to the snapshot's moment, or to the present.
internal sealed class StoreSession(ShardAccess shards, StoreScope scope)
{
    // Of a read: the timestamp read at, null in a transaction. The timestamp given goes on where an earlier page was read.
    public async Task<(OperationResult Result, Timestamp? ReadTimestamp)> ReadAsync(
        ShardId shard, Operation locking, SnapshotQuery query, Timestamp? at, CancellationToken cancellationToken)
    {
        if (scope.Transaction is { } transaction)
        {
            return (await shards.ExecuteAsync(transaction, shard, locking, cancellationToken), null);
        }

        ShardAnswer.Read read = await shards.ReadAsync(shard, scope.Snapshot?.ReadTimestamp ?? at, query, cancellationToken);
        return (read.Result, read.ReadTimestamp);
    }

    public Task<OperationResult> ExecuteAsync(ShardId shard, Operation operation, CancellationToken cancellationToken)
    {
        if (scope.Transaction is { } transaction)
        {
            return shards.ExecuteAsync(transaction, shard, operation, cancellationToken);
        }

        string what = $"{ShardAccess.Name(operation)} on {shard}";
        throw new InvalidOperationException(scope.Snapshot is { } snapshot
            ? $"{what} isn't possible in a {snapshot}, which only reads; run it in TransactionClient.RunAsync, outside of the snapshot."
            : $"{what} needs a transaction, and none is current here; run it in TransactionClient.RunAsync, or in a call that came with "
                + "one (AddTransactionPropagation on both of its ends).");
    }
}
