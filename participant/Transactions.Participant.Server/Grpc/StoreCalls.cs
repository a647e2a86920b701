using System.Diagnostics.CodeAnalysis;
using Transactions.Client;
using Transactions.Contracts;
using Transactions.Contracts.V1;
using Transactions.Model;

namespace Transactions.Participant.Server;

/// <summary>Takes a request that came over the wire to its shard: verifies its context, finds the shard, waits for the answer.</summary>
/// <remarks>Thread-safe. Every failure is a refusal, which is an answer.</remarks>
internal sealed class StoreCalls(ParticipantHost host, ContextVerifier verifier) : IStoreCalls
{
    /// <summary>Runs one request; a shard with too many of them refuses it.</summary>
    /// <param name="call">The request.</param>
    /// <param name="signed">Its transaction's context; null when none came.</param>
    /// <param name="cancellationToken">Stops the waiting only.</param>
    public Task<ShardAnswer> RunAsync(StoreCall call, SignedContext? signed, CancellationToken cancellationToken) =>
        TryFind(call, signed, out ShardDriver? driver, out Func<CallId, ShardEvent>? toEvent, out Refusal? refusal)
            ? driver.CallAsync(toEvent, cancellationToken)
            : Refused(refusal);

    /// <inheritdoc/>
    public Task<Task<ShardAnswer>> StartAsync(StoreCall call, SignedContext? signed, CancellationToken cancellationToken) =>
        TryFind(call, signed, out ShardDriver? driver, out Func<CallId, ShardEvent>? toEvent, out Refusal? refusal)
            ? driver.StartCallAsync(toEvent, cancellationToken)
            : Task.FromResult(Refused(refusal));

    private bool TryFind(
        StoreCall call,
        SignedContext? signed,
        [NotNullWhen(true)] out ShardDriver? driver,
        [NotNullWhen(true)] out Func<CallId, ShardEvent>? toEvent,
        [NotNullWhen(false)] out Refusal? refusal)
    {
        (driver, toEvent) = (null, null);
        switch (call)
        {
            case StoreCall.Execute execute:
                if (!verifier.TryVerify(signed, out Model.TransactionContext? context, out refusal))
                {
                    return false;
                }

                toEvent = id => new ShardEvent.OperationReceived(id, context, execute.Number, execute.Operation);
                return TryFind(execute.Shard, out driver, out refusal);

            case StoreCall.Read read:
                toEvent = id => new ShardEvent.SnapshotReadReceived(id, read.At, read.Query);
                return TryFind(read.Shard, out driver, out refusal);

            default:
                throw new InvalidOperationException($"No such call: {call.GetType().Name}.");
        }
    }

    private bool TryFind(ShardId shard, [NotNullWhen(true)] out ShardDriver? driver, [NotNullWhen(false)] out Refusal? refusal)
    {
        driver = host.Find(shard);
        refusal = driver is null ? NotHere(shard) : null;
        return driver is not null;
    }

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
