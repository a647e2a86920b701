using System.Collections.Immutable;
using Transactions.Clocks;
using Transactions.Coordinator;
using Transactions.Coordinator.Server;
using Transactions.Model;
using Transactions.Storage;

namespace Transactions.TestKit.Storage;

/// <summary>One coordinator's way to a <see cref="FakeDecisionDatabase"/>; several share one to race on it.</summary>
public sealed class FakeDecisionLog(FakeDecisionDatabase database) : IDecisionLog
{
    private readonly Queue<StorageFault> _faults = new();

    /// <summary>Lets the next write that has no fault yet suffer this one.</summary>
    public void FailNext(StorageFault fault)
    {
        lock (_faults)
        {
            _faults.Enqueue(fault);
        }
    }

    /// <inheritdoc/>
    public Task EnsureClusterAsync(string cluster, ClockMode mode, CancellationToken cancellationToken) =>
        database.EnsureCluster(cluster, mode) switch
        {
            null => Task.FromException(Unavailable()),
            (var name, var stored) when name == cluster && stored == mode => Task.CompletedTask,
            (var name, var stored) => Task.FromException(
                new ClusterMismatchException($"This log belongs to cluster '{name}' in {stored} mode.")),
        };

    /// <inheritdoc/>
    public Task<RecordResult> RecordAsync(ImmutableArray<Decision> decisions, CancellationToken cancellationToken) =>
        Task.FromResult(database.Record(decisions, NextFault()));

    /// <inheritdoc/>
    public Task<DecisionLookup> ReadAsync(TransactionId? id, IdempotencyKey? key, CancellationToken cancellationToken) =>
        database.Read(id, key) is { } found ? Task.FromResult(found) : Task.FromException<DecisionLookup>(Unavailable());

    /// <inheritdoc/>
    public Task<bool> MarkAppliedAsync(
        ImmutableArray<(TransactionId Id, ShardId Shard)> applied, CancellationToken cancellationToken) =>
        Task.FromResult(database.MarkApplied(applied, NextFault()));

    /// <inheritdoc/>
    public Task<ImmutableArray<Decision>> FindUnappliedAsync(int limit, CancellationToken cancellationToken) =>
        database.FindUnapplied(limit) is { } found
            ? Task.FromResult(found)
            : Task.FromException<ImmutableArray<Decision>>(Unavailable());

    /// <inheritdoc/>
    public Task<Timestamp> PruneAsync(Timestamp mark, CancellationToken cancellationToken) =>
        database.Prune(mark, NextFault()) is { } raised ? Task.FromResult(raised) : Task.FromException<Timestamp>(Unavailable());

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private static StorageUnavailableException Unavailable() => new("the fake database gave no answer");

    private StorageFault NextFault()
    {
        lock (_faults)
        {
            return _faults.TryDequeue(out StorageFault fault) ? fault : StorageFault.None;
        }
    }
}
