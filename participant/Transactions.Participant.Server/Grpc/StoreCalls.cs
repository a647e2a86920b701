using Transactions.Client;
using Transactions.Contracts;
using Transactions.Contracts.V1;
using Transactions.Model;

namespace Transactions.Participant.Server;

/// <summary>Takes a request that came over the wire to its shard: verifies its context, finds the shard, waits for the answer.</summary>
/// <remarks>Thread-safe. Every failure is a refusal, which is an answer.</remarks>
internal sealed class StoreCalls(ParticipantHost host, ContextVerifier verifier)
{
    /// <summary>Runs one request.</summary>
    /// <param name="call">The request.</param>
    /// <param name="signed">Its transaction's context; null when none came.</param>
    /// <param name="cancellationToken">Stops the waiting only.</param>
    public Task<ShardAnswer> RunAsync(StoreCall call, SignedContext? signed, CancellationToken cancellationToken)
    {
        switch (call)
        {
            case StoreCall.Execute execute:
                return verifier.TryVerify(signed, out Model.TransactionContext? context, out Refusal? refusal)
                    ? CallAsync(
                        execute.Shard,
                        id => new ShardEvent.OperationReceived(id, context, execute.Number, execute.Operation),
                        cancellationToken)
                    : Refused(refusal);

            case StoreCall.Read read:
                return CallAsync(
                    read.Shard, id => new ShardEvent.SnapshotReadReceived(id, read.At, read.Query), cancellationToken);

            default:
                throw new InvalidOperationException($"No such call: {call.GetType().Name}.");
        }
    }

    private Task<ShardAnswer> CallAsync(ShardId shard, Func<CallId, ShardEvent> toEvent, CancellationToken cancellationToken) =>
        host.Find(shard) is { } driver ? driver.CallAsync(toEvent, cancellationToken) : Refused(NotHere(shard));

    private Refusal NotHere(ShardId shard) => host.Wants(shard)
        ? Refusal.Unavailable(
            RefusalReason.StorageUnavailable, $"Shard {shard} isn't open here yet: PostgreSQL is being waited for. Try again shortly.")
        : new Refusal(
            RefusalStatus.FailedPrecondition,
            RefusalReason.NotOwner,
            $"shard is {shard}, which this participant doesn't own (it has {host.WantedShards}); ask a coordinator's Hello for its owner.")
        {
            Field = "shard",
        };

    private static Task<ShardAnswer> Refused(Refusal refusal) => Task.FromResult<ShardAnswer>(new ShardAnswer.Refused(refusal));
}
