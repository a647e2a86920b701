using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Npgsql;
using Polly;
using Polly.Retry;
using Transactions.Clocks;
using Transactions.Model;
using Transactions.Storage;

namespace Transactions.Participant.Server.Postgres;

/// <summary>A shard's durable state in PostgreSQL, schema <c>txn</c>.</summary>
/// <remarks>
/// Thread-safe. Each writing transaction is sent whole, in one round trip, behind the shard's fence (L2). Disposing it
/// closes its connections.
/// </remarks>
public sealed class PostgresShardStore : IShardStore
{
    private readonly ConnectionPools _pools;
    private readonly ShardOwnership _ownership;
    private readonly ShardLoading _loading;
    private readonly ShardPersistence _persistence;
    private readonly ShardReads _reads;
    private readonly ShardPruning _pruning;

    private PostgresShardStore(ShardId shard, ConnectionPools pools, ILogger logger)
    {
        Shard = shard;
        _pools = pools;
        LostBackends lost = new();
        FencedWrites writes = new(shard, new OneTripTransaction(pools, pools.Writes), lost);
        StoreReader reader = new(pools);
        _ownership = new(shard, writes, lost, reader, pools, logger);
        _loading = new(shard, reader, pools);
        _persistence = new(shard, writes);
        _reads = new(shard, reader, pools);
        _pruning = new(shard, writes, logger);
    }

    /// <inheritdoc/>
    public ShardId Shard { get; }

    /// <summary>Brings the schema up to date, waiting for PostgreSQL if need be, and opens the store.</summary>
    /// <exception cref="ArgumentException">An option lies outside its range.</exception>
    /// <exception cref="MigrationFailedException">The database isn't fit, or a migration failed.</exception>
    /// <exception cref="OperationCanceledException">The token fired.</exception>
    public static async Task<PostgresShardStore> OpenAsync(
        ShardId shard,
        StorageOptions options,
        ILoggerFactory loggers,
        TimeProvider timeProvider,
        CancellationToken cancellationToken)
    {
        options.Validate();
        ILogger<PostgresShardStore> logger = loggers.CreateLogger<PostgresShardStore>();
        MigrationRunner migrations = new(options, loggers, timeProvider);
        await Patience(shard, options, timeProvider, logger).ExecuteAsync(
            async token => await migrations.RunAsync(typeof(PostgresShardStore).Assembly, "participant_migrations", token),
            cancellationToken);
        return new PostgresShardStore(shard, new ConnectionPools(options), logger);
    }

    // PostgreSQL may be lost once it was reached: scripts run whole or not at all, so that they can be begun again. What a person
    // must mend isn't waited for.
    private static ResiliencePipeline Patience(ShardId shard, StorageOptions options, TimeProvider timeProvider, ILogger logger) =>
        new ResiliencePipelineBuilder { TimeProvider = timeProvider }
            .AddRetry(new RetryStrategyOptions
            {
                ShouldHandle = new PredicateBuilder().Handle<Exception>(IsLoss),
                MaxRetryAttempts = int.MaxValue,
                BackoffType = DelayBackoffType.Exponential,
                UseJitter = true,
                Delay = TimeSpan.FromMilliseconds(100),
                MaxDelay = options.MaxStartupPause.ToTimeSpan(),
                OnRetry = attempt =>
                {
                    PostgresLog.LostWhileMigrating(logger, shard, attempt.Outcome.Exception?.Message ?? "", attempt.RetryDelay);
                    return ValueTask.CompletedTask;
                },
            })
            .Build();

    private static bool IsLoss(Exception e) => e switch
    {
        PostgresException server => SqlStates.IsTransient(server.SqlState),
        NpgsqlException or IOException or TimeoutException => true,
        MigrationFailedException { InnerException: { } cause } => IsLoss(cause),
        _ => false,
    };

    /// <inheritdoc/>
    public Task<ShardRow> ReadShardRowAsync(CancellationToken cancellationToken) => _ownership.ReadRowAsync(cancellationToken);

    /// <inheritdoc/>
    public Task<TakeoverResult> TakeOverAsync(
        ShardOwner self,
        Generation seen,
        Timestamp waitedOut,
        Timestamp leaseUntil,
        Action onRoundTrip,
        CancellationToken cancellationToken) =>
        _ownership.TakeOverAsync(self, seen, waitedOut, leaseUntil, onRoundTrip, cancellationToken);

    /// <inheritdoc/>
    public Task<LoadedShard> LoadAsync(Generation generation, CancellationToken cancellationToken) =>
        _loading.LoadAsync(generation, cancellationToken);

    /// <inheritdoc/>
    public Task<WriteResult> RenewAsync(
        Generation generation, Timestamp leaseUntil, Timestamp visibleUpto, CancellationToken cancellationToken) =>
        _ownership.RenewAsync(generation, leaseUntil, visibleUpto, cancellationToken);

    /// <inheritdoc/>
    public Task<WriteResult> HandBackAsync(Fence fence, Timestamp leaseUntil, CancellationToken cancellationToken) =>
        _ownership.HandBackAsync(fence, leaseUntil, cancellationToken);

    /// <inheritdoc/>
    public Task<PersistResult> PersistAsync(
        Fence fence, ImmutableArray<PersistItem> items, CancellationToken cancellationToken) =>
        _persistence.PersistAsync(fence, items, cancellationToken);

    /// <inheritdoc/>
    public Task<WriteResult> ApplyAsync(Fence fence, ImmutableArray<ApplyItem> items, CancellationToken cancellationToken) =>
        _persistence.ApplyAsync(fence, items, cancellationToken);

    /// <inheritdoc/>
    public Task<ReconcileResult> ReconcileAsync(
        Generation generation,
        long epoch,
        ImmutableArray<TransactionId> doubtful,
        Action onRoundTrip,
        CancellationToken cancellationToken) =>
        _ownership.ReconcileAsync(generation, epoch, doubtful, onRoundTrip, cancellationToken);

    /// <inheritdoc/>
    public Task<ImmutableArray<VersionsReadResult>> ReadVersionsAsync(
        ImmutableArray<VersionQuery> queries, CancellationToken cancellationToken) =>
        _reads.ReadVersionsAsync(queries, cancellationToken);

    /// <inheritdoc/>
    public Task<Model.Outcome?> ReadOutcomeAsync(TransactionId id, CancellationToken cancellationToken) =>
        _reads.ReadOutcomeAsync(id, cancellationToken);

    /// <inheritdoc/>
    public Task<WriteResult> PruneAsync(
        Fence fence, Timestamp historyHorizon, Timestamp outcomesMark, Action onRoundTrip, CancellationToken cancellationToken) =>
        _pruning.PruneAsync(fence, historyHorizon, outcomesMark, onRoundTrip, cancellationToken);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _pools.DisposeAsync();
}
