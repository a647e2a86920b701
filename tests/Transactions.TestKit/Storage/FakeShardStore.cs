using System.Collections.Immutable;
using Transactions.Clocks;
using Transactions.Model;
using Transactions.Participant;
using Transactions.Participant.Server;
using Transactions.Storage;

namespace Transactions.TestKit.Storage;

/// <summary>One process's way to a <see cref="FakeShardDatabase"/>; several share one to race on it.</summary>
public sealed class FakeShardStore(ShardId shard, FakeShardDatabase database) : IShardStore
{
    private readonly Queue<StorageFault> _faults = new();

    /// <inheritdoc/>
    public ShardId Shard => shard;

    /// <summary>Lets the next write that has no fault yet suffer this one.</summary>
    public void FailNext(StorageFault fault)
    {
        lock (_faults)
        {
            _faults.Enqueue(fault);
        }
    }

    /// <inheritdoc/>
    public Task<ShardRow> ReadShardRowAsync(CancellationToken cancellationToken) => Found(database.ReadShardRow());

    /// <inheritdoc/>
    public Task<TakeoverResult> TakeOverAsync(
        ShardOwner self,
        Generation seen,
        Timestamp waitedOut,
        Timestamp leaseUntil,
        Action onRoundTrip,
        CancellationToken cancellationToken) =>
        Task.FromResult(database.TakeOver(self.Name, self.Endpoint, seen, waitedOut, leaseUntil, NextFault()));

    /// <inheritdoc/>
    public Task<LoadedShard> LoadAsync(Generation generation, CancellationToken cancellationToken) => Found(database.Load(generation));

    /// <inheritdoc/>
    public Task<WriteResult> RenewAsync(
        Generation generation, Timestamp leaseUntil, Timestamp visibleUpto, CancellationToken cancellationToken) =>
        Task.FromResult(database.Renew(generation, leaseUntil, visibleUpto, NextFault()));

    /// <inheritdoc/>
    public Task<WriteResult> HandBackAsync(Fence fence, Timestamp leaseUntil, CancellationToken cancellationToken) =>
        Task.FromResult(database.HandBack(fence, leaseUntil, NextFault()));

    /// <inheritdoc/>
    public Task<PersistResult> PersistAsync(Fence fence, ImmutableArray<PersistItem> items, CancellationToken cancellationToken) =>
        Task.FromResult(database.Persist(fence, items, NextFault()));

    /// <inheritdoc/>
    public Task<WriteResult> ApplyAsync(Fence fence, ImmutableArray<ApplyItem> items, CancellationToken cancellationToken) =>
        Task.FromResult(database.Apply(fence, items, NextFault()));

    /// <inheritdoc/>
    public Task<ReconcileResult> ReconcileAsync(
        Generation generation,
        long epoch,
        ImmutableArray<TransactionId> doubtful,
        Action onRoundTrip,
        CancellationToken cancellationToken) =>
        Found(database.Reconcile(generation, epoch, doubtful, NextFault()));

    /// <inheritdoc/>
    public Task<ImmutableArray<VersionsReadResult>> ReadVersionsAsync(
        ImmutableArray<VersionQuery> queries, CancellationToken cancellationToken) =>
        Task.FromResult<ImmutableArray<VersionsReadResult>>([.. queries.Select(database.ReadVersions)]);

    /// <inheritdoc/>
    public Task<Outcome?> ReadOutcomeAsync(TransactionId id, CancellationToken cancellationToken) =>
        database.ReadOutcome(id) is (true, var outcome) ? Task.FromResult(outcome) : Found<Outcome?>(null);

    /// <inheritdoc/>
    public Task<WriteResult> PruneAsync(
        Fence fence, Timestamp historyHorizon, Timestamp outcomesMark, Action onRoundTrip, CancellationToken cancellationToken) =>
        Task.FromResult(database.Prune(fence, historyHorizon, outcomesMark, NextFault()));

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private static Task<T> Found<T>(T? found) => found is null
        ? Task.FromException<T>(new StorageUnavailableException("the fake database gave no answer"))
        : Task.FromResult(found);

    private StorageFault NextFault()
    {
        lock (_faults)
        {
            return _faults.TryDequeue(out StorageFault fault) ? fault : StorageFault.None;
        }
    }
}
