using Transactions.Client;
using Transactions.Clocks;
using Transactions.Contracts.V1;
using Transactions.Model;

namespace Transactions.Participant.Server;

/// <summary>The way to a shard whose owner is this very process: no wire in between.</summary>
/// <remarks>Thread-safe. When the shard is owned elsewhere, the answer is a refusal that says where.</remarks>
internal sealed class LocalShard(ShardId shard, ParticipantHost host) : IShardConnection
{
    public ShardId Shard { get; } = shard;

    public Task<ShardAnswer> ExecuteAsync(
        Model.TransactionContext context,
        SignedContext signed,
        Model.OperationNumber number,
        Operation operation,
        CancellationToken cancellationToken) =>
        CallAsync(call => new ShardEvent.OperationReceived(call, context, number, operation), cancellationToken);

    public Task<ShardAnswer> ReadAsync(Timestamp? at, SnapshotQuery query, CancellationToken cancellationToken) =>
        CallAsync(call => new ShardEvent.SnapshotReadReceived(call, at, query), cancellationToken);

    private Task<ShardAnswer> CallAsync(Func<CallId, ShardEvent> toEvent, CancellationToken cancellationToken) =>
        host.Find(Shard) is { } driver
            ? driver.CallAsync(toEvent, cancellationToken)
            : Task.FromResult<ShardAnswer>(new ShardAnswer.Refused(Refusal.Unavailable(
                RefusalReason.NotOwner, $"Shard {Shard} isn't open here yet; PostgreSQL is being waited for. Try again shortly.")));
}
