using Npgsql;

namespace Transactions.Storage;

/// <summary>Runs statements that only read, in one round trip.</summary>
/// <remarks>Thread-safe: there is no mutable state.</remarks>
public sealed class StoreReader(ConnectionPools pools)
{
    /// <summary>Runs the statements one after the other, each begun after this call and with a snapshot of its own.</summary>
    /// <exception cref="StorageUnavailableException">PostgreSQL failed or can't be reached.</exception>
    /// <exception cref="OperationCanceledException">The token fired.</exception>
    public Task ReadAsync(NpgsqlDataSource pool, IReadOnlyList<Statement> statements, CancellationToken cancellationToken) =>
        RunAsync(pool, statements, begin: null, cancellationToken);

    /// <summary>Runs the statements in one snapshot, taken after this call.</summary>
    /// <exception cref="StorageUnavailableException">PostgreSQL failed or can't be reached.</exception>
    /// <exception cref="OperationCanceledException">The token fired.</exception>
    public Task ReadSnapshotAsync(
        NpgsqlDataSource pool, IReadOnlyList<Statement> statements, CancellationToken cancellationToken) =>
        RunAsync(pool, statements, "begin isolation level repeatable read read only", cancellationToken);

    private async Task RunAsync(
        NpgsqlDataSource pool, IReadOnlyList<Statement> statements, string? begin, CancellationToken cancellationToken)
    {
        try
        {
            await using NpgsqlConnection connection = await pool.OpenConnectionAsync(cancellationToken);
            await using NpgsqlBatch batch = new(connection) { Timeout = pools.CommandTimeoutSeconds };
            if (begin is not null)
            {
                batch.BatchCommands.Add(new NpgsqlBatchCommand(begin));
            }

            foreach (Statement statement in statements)
            {
                batch.BatchCommands.Add(statement.Command);
            }

            if (begin is not null)
            {
                batch.BatchCommands.Add(new NpgsqlBatchCommand("commit"));
            }

            await using NpgsqlDataReader reader = await batch.ExecuteReaderAsync(cancellationToken);
            await Statement.ReadAllAsync(reader, statements, cancellationToken);
        }
        catch (Exception e) when (e is NpgsqlException or TimeoutException or IOException)
        {
            throw new StorageUnavailableException($"PostgreSQL couldn't be read: {e.Message}", e);
        }
    }
}
