using Transactions.Clocks;
using Transactions.Contracts;
using Transactions.Model;
using Transactions.Participant;
using V1 = Transactions.Contracts.V1;

namespace Transactions.Client;

// A shard of another process, over its owner's stream.
internal sealed class RemoteShard(ShardId shard, ShardDirectory directory, StoreLinks links) : IShardConnection
{
    public ShardId Shard => shard;

    public Task<ShardAnswer> ExecuteAsync(
        TransactionContext context,
        V1.SignedContext signed,
        OperationNumber number,
        Operation operation,
        CancellationToken cancellationToken) =>
        AskAsync(signed, new StoreCall.Execute(shard, number, operation), cancellationToken);

    public Task<ShardAnswer> ReadAsync(Timestamp? at, SnapshotQuery query, CancellationToken cancellationToken) =>
        AskAsync(null, new StoreCall.Read(shard, at, query), cancellationToken);

    private async Task<ShardAnswer> AskAsync(V1.SignedContext? context, StoreCall call, CancellationToken cancellationToken)
    {
        Uri address = await directory.FindAsync(shard, cancellationToken);
        try
        {
            V1.StoreReply reply = await links.To(address).AskAsync(shard, StoreMapping.ToRequest(0, context, call), cancellationToken);
            if (!StoreMapping.TryRead(reply, out ShardAnswer? answer, out Refusal? fault))
            {
                throw new ShardUnreachableException(shard, wasSent: true, $"{shard} at {address} answered what can't be read: {fault.Message}");
            }

            if (answer is ShardAnswer.Refused { Refusal: { Reason: RefusalReason.NotOwner } refusal })
            {
                directory.Moved(shard, address, refusal.Redirect);
            }

            return answer;
        }
        catch (ShardUnreachableException)
        {
            directory.Moved(shard, address, next: null);
            throw;
        }
    }
}
