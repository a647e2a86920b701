using Transactions.Client;
using Transactions.Clocks;
using Transactions.Contracts.V1;
using Transactions.Model;

namespace Transactions.Participant.Server;

/// <summary>The way to a shard whose owner is this very process.</summary>
/// <remarks>Thread-safe. When another process has taken the shard over meanwhile, the answer is a refusal that says where.</remarks>
internal sealed class LocalShard(ShardDriver driver) : IShardConnection
{
    public ShardId Shard => driver.Shard;

    public Task<ShardAnswer> ExecuteAsync(
        Model.TransactionContext context,
        SignedContext signed,
        Model.OperationNumber number,
        Operation operation,
        CancellationToken cancellationToken) =>
        driver.CallAsync(call => new ShardEvent.OperationReceived(call, context, number, operation), cancellationToken);

    public Task<ShardAnswer> ReadAsync(Timestamp? at, SnapshotQuery query, CancellationToken cancellationToken) =>
        driver.CallAsync(call => new ShardEvent.SnapshotReadReceived(call, at, query), cancellationToken);
}
