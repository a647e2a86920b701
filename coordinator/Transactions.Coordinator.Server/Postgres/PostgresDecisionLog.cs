using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Npgsql;
using NpgsqlTypes;
using Transactions.Clocks;
using Transactions.Model;
using Transactions.Storage;

namespace Transactions.Coordinator.Server.Postgres;

/// <summary>The decision log in PostgreSQL, schema <c>txn</c>.</summary>
/// <remarks>Thread-safe. Disposing it closes its connections.</remarks>
public sealed class PostgresDecisionLog : IDecisionLog
{
    private const string MakeCluster = "insert into txn.cluster (name, mode) values ($1, $2) on conflict do nothing";

    private const string ReadCluster = "select name, mode from txn.cluster";

    private readonly ConnectionPools _pools;
    private readonly OneTripTransaction _writes;
    private readonly DecisionRecording _recording;
    private readonly DecisionReads _reads;
    private readonly DecisionRetention _retention;

    private PostgresDecisionLog(ConnectionPools pools, ILogger logger)
    {
        _pools = pools;
        _writes = new(pools, pools.Writes);
        _recording = new(_writes);
        _reads = new(new OneTripTransaction(pools, pools.Reads));
        _retention = new(_writes, logger);
    }

    /// <summary>Brings the schema up to date, waiting for PostgreSQL if need be, and opens the log.</summary>
    /// <exception cref="ArgumentException">An option lies outside its range.</exception>
    /// <exception cref="MigrationFailedException">The database isn't fit, or a migration failed.</exception>
    /// <exception cref="OperationCanceledException">The token fired.</exception>
    public static async Task<PostgresDecisionLog> OpenAsync(
        StorageOptions options, ILoggerFactory loggers, TimeProvider timeProvider, CancellationToken cancellationToken)
    {
        options.Validate();
        await new MigrationRunner(options, loggers, timeProvider)
            .RunAsync(typeof(PostgresDecisionLog).Assembly, "coordinator_migrations", cancellationToken);
        return new PostgresDecisionLog(new ConnectionPools(options), loggers.CreateLogger<PostgresDecisionLog>());
    }

    /// <inheritdoc/>
    public async Task EnsureClusterAsync(string cluster, ClockMode mode, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrEmpty(cluster);
        ArgumentOutOfRangeException.ThrowIfEqual(mode, ClockMode.Unspecified);
        string? name = null;
        ClockMode stored = default;
        TransactionFate fate = await _writes.RunAsync(
            [
                Statement.Execute(MakeCluster).With(cluster).With(NpgsqlDbType.Smallint, (short)mode),
                Statement.Query(ReadCluster, row => (name, stored) = (row.GetString(0), (ClockMode)row.GetInt16(1))),
            ],
            cancellationToken);
        if (fate is not TransactionFate.Committed)
        {
            throw new StorageUnavailableException($"The cluster's row couldn't be made or read: {fate}");
        }

        if (name != cluster)
        {
            throw new ClusterMismatchException(
                $"This decision log belongs to cluster '{name}', not to '{cluster}': check the connection string and the cluster's name.");
        }

        if (stored != mode)
        {
            throw new ClusterMismatchException(
                $"Cluster '{cluster}' runs in {stored} mode, and this coordinator is set to {mode}: the mode can't change; set it to {stored}.");
        }
    }

    /// <inheritdoc/>
    public Task<RecordResult> RecordAsync(ImmutableArray<Decision> decisions, CancellationToken cancellationToken) =>
        _recording.RecordAsync(decisions, cancellationToken);

    /// <inheritdoc/>
    public Task<DecisionLookup> ReadAsync(TransactionId? id, IdempotencyKey? key, CancellationToken cancellationToken) =>
        _reads.ReadAsync(id, key, cancellationToken);

    /// <inheritdoc/>
    public Task<bool> MarkAppliedAsync(
        ImmutableArray<(TransactionId Id, ShardId Shard)> applied, CancellationToken cancellationToken) =>
        _retention.MarkAppliedAsync(applied, cancellationToken);

    /// <inheritdoc/>
    public Task<ImmutableArray<Decision>> FindUnappliedAsync(int limit, CancellationToken cancellationToken) =>
        _reads.FindUnappliedAsync(limit, cancellationToken);

    /// <inheritdoc/>
    public Task<Timestamp> PruneAsync(Timestamp mark, CancellationToken cancellationToken) =>
        _retention.PruneAsync(mark, cancellationToken);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _pools.DisposeAsync();
}
