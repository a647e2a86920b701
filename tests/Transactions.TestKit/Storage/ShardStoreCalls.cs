using System.Collections.Immutable;
using Transactions.Clocks;
using Transactions.Model;
using Transactions.Participant;
using Transactions.Participant.Server;

namespace Transactions.TestKit.Storage;

/// <summary>Steps of several round trips, for whom their end is enough.</summary>
public static class ShardStoreCalls
{
    /// <inheritdoc cref="IShardStore.TakeOverAsync"/>
    public static Task<TakeoverResult> TakeOverAsync(
        this IShardStore store,
        ShardOwner self,
        Generation seen,
        Timestamp waitedOut,
        Timestamp leaseUntil,
        CancellationToken cancellationToken) =>
        store.TakeOverAsync(self, seen, waitedOut, leaseUntil, static () => { }, cancellationToken);

    /// <inheritdoc cref="IShardStore.ReconcileAsync"/>
    public static Task<ReconcileResult> ReconcileAsync(
        this IShardStore store,
        Generation generation,
        long epoch,
        ImmutableArray<TransactionId> doubtful,
        CancellationToken cancellationToken) =>
        store.ReconcileAsync(generation, epoch, doubtful, static () => { }, cancellationToken);

    /// <inheritdoc cref="IShardStore.PruneAsync"/>
    public static Task<WriteResult> PruneAsync(
        this IShardStore store, Fence fence, Timestamp historyHorizon, Timestamp outcomesMark, CancellationToken cancellationToken) =>
        store.PruneAsync(fence, historyHorizon, outcomesMark, static () => { }, cancellationToken);
}
