using Npgsql;
using NpgsqlTypes;

namespace Transactions.Storage;

/// <summary>Runs a whole PostgreSQL transaction, BEGIN to COMMIT, in one round trip, and tells exactly how it fared.</summary>
/// <remarks>
/// <para>The statements are pipelined: none waits for this process between BEGIN and COMMIT, so a process that stops
/// can't leave locks behind for longer than the server needs to work off what it received. Each statement is sent on its
/// own and, under READ COMMITTED, sees a snapshot of its own; the first error skips the rest, COMMIT included.</para>
/// <para>Thread-safe: there is no mutable state.</para>
/// </remarks>
/// <param name="pools">Its options say how long things may take.</param>
/// <param name="pool">Where connections come from.</param>
public sealed class OneTripTransaction(ConnectionPools pools, NpgsqlDataSource pool)
{
    // D1, L2: durable before it is acknowledged, whatever the role's or the database's own setting says.
    private const string Settings = """
        select set_config('synchronous_commit', 'on', true),
               set_config('lock_timeout', $1, true),
               set_config('statement_timeout', $2, true)
        """;

    private readonly string _lockTimeout = Milliseconds(pools.Options.LockTimeout);
    private readonly string _statementTimeout = Milliseconds(pools.Options.CommandTimeout);

    /// <summary>Runs the statements in one READ COMMITTED transaction with synchronous commit.</summary>
    /// <param name="statements">What stands between BEGIN and COMMIT.</param>
    /// <param name="cancellationToken">
    /// Stops waiting for a free connection. Once anything is sent it is ignored: stopping then would only make the answer
    /// ambiguous.
    /// </param>
    /// <exception cref="OperationCanceledException">The token fired; nothing was sent.</exception>
    public async Task<TransactionFate> RunAsync(IReadOnlyList<Statement> statements, CancellationToken cancellationToken)
    {
        NpgsqlConnection connection;
        try
        {
            connection = await pool.OpenConnectionAsync(cancellationToken);
        }
        catch (Exception e) when (e is NpgsqlException or TimeoutException)
        {
            return new TransactionFate.RolledBack("", $"No connection to PostgreSQL: {e.Message}");
        }

        TransactionFate fate = await SendAsync(connection, statements);
        await CloseAsync(connection);
        return fate;
    }

    private async Task<TransactionFate> SendAsync(NpgsqlConnection connection, IReadOnlyList<Statement> statements)
    {
        int backend = connection.ProcessID;
        string? warning = null;
        void Watch(object sender, NpgsqlNoticeEventArgs e) =>
            warning = e.Notice.InvariantSeverity is "WARNING" ? e.Notice.MessageText : warning;

        connection.Notice += Watch;
        try
        {
            await using NpgsqlBatch batch = Build(connection, statements);
            await using (NpgsqlDataReader reader = await batch.ExecuteReaderAsync(CancellationToken.None))
            {
                // The settings' own result comes first. COMMIT is acknowledged only once all has been read.
                await reader.NextResultAsync(CancellationToken.None);
                await Statement.ReadAllAsync(reader, statements, CancellationToken.None);
            }

            // D1: a cancelled wait for a synchronous standby commits with no more than a warning.
            return warning is null
                ? new TransactionFate.Committed()
                : new TransactionFate.Ambiguous(backend, $"PostgreSQL committed with a warning: {warning}");
        }
        catch (PostgresException e) when (e.InvariantSeverity is "ERROR" && SqlStates.ProvesRollback(e.SqlState))
        {
            return new TransactionFate.RolledBack(e.SqlState, $"{e.SqlState}: {e.MessageText}");
        }
        catch (Exception e) when (e is NpgsqlException or TimeoutException or IOException or OperationCanceledException)
        {
            return new TransactionFate.Ambiguous(backend, $"PostgreSQL's answer was lost: {e.Message}");
        }
        finally
        {
            connection.Notice -= Watch;
        }
    }

    // After an error this rolls back. Whether that arrives changes nothing: the server rolls back when it is hung up on.
    private static async Task CloseAsync(NpgsqlConnection connection)
    {
        try
        {
            await connection.DisposeAsync();
        }
        catch (Exception e) when (e is NpgsqlException or IOException)
        {
            // The connection is broken and out of the pool; the fate was known before.
        }
    }

    private NpgsqlBatch Build(NpgsqlConnection connection, IReadOnlyList<Statement> statements)
    {
        NpgsqlBatch batch = new(connection) { Timeout = pools.CommandTimeoutSeconds };
        batch.BatchCommands.Add(new NpgsqlBatchCommand("begin isolation level read committed read write"));
        batch.BatchCommands.Add(Statement.Query(Settings)
            .With(NpgsqlDbType.Text, _lockTimeout)
            .With(NpgsqlDbType.Text, _statementTimeout).Command);
        foreach (Statement statement in statements)
        {
            batch.BatchCommands.Add(statement.Command);
        }

        batch.BatchCommands.Add(new NpgsqlBatchCommand("commit"));
        return batch;
    }

    private static string Milliseconds(NodaTime.Duration duration) => ((long)Math.Ceiling(duration.TotalMilliseconds)).ToString();
}
