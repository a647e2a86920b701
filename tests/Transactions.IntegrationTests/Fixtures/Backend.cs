using Npgsql;

namespace Transactions.IntegrationTests.Fixtures;

/// <summary>A connection that a test drives statement by statement, to stand where a process of ours would be at that moment.</summary>
public sealed class Backend : IAsyncDisposable
{
    // Below the lock timeouts of the stores under test, so that a missing wait is seen here first.
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(8);

    private readonly NpgsqlConnection _connection;

    private Backend(NpgsqlConnection connection) => _connection = connection;

    /// <summary>Its server process.</summary>
    public int Process => _connection.ProcessID;

    public static async Task<Backend> OpenAsync(string connectionString, CancellationToken cancellationToken)
    {
        NpgsqlConnection connection = new(new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false }.ConnectionString);
        await connection.OpenAsync(cancellationToken);
        return new Backend(connection);
    }

    /// <summary>Runs one statement.</summary>
    public async Task RunAsync(string sql, params object[] parameters)
    {
        await using NpgsqlCommand command = Command(sql, parameters);
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>Reads one value.</summary>
    public async Task<T?> ReadAsync<T>(string sql, params object[] parameters)
    {
        await using NpgsqlCommand command = Command(sql, parameters);
        return (T?)await command.ExecuteScalarAsync();
    }

    /// <summary>Waits until this many backends of the same database wait for something of a kind, by default a lock.</summary>
    /// <exception cref="TimeoutException">They don't, although the test counts on it.</exception>
    public async Task UntilWaitingAsync(int count, CancellationToken cancellationToken, string kind = "Lock")
    {
        const string sql = """
            select count(*) from pg_stat_activity
            where datname = current_database() and (wait_event_type = $1 or wait_event = $1) and pid <> pg_backend_pid()
            """;
        long startedAt = TimeProvider.System.GetTimestamp();
        while (await ReadAsync<long>(sql, kind) < count)
        {
            if (TimeProvider.System.GetElapsedTime(startedAt) > s_patience)
            {
                throw new TimeoutException($"{count} backends should wait by now ({kind}).");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, cancellationToken);
        }
    }

    /// <summary>Whether its server process still answers.</summary>
    public async Task<bool> IsAliveAsync()
    {
        try
        {
            await RunAsync("select 1");
            return true;
        }
        catch (NpgsqlException)
        {
            return false;
        }
    }

    public ValueTask DisposeAsync() => _connection.DisposeAsync();

    private NpgsqlCommand Command(string sql, object[] parameters)
    {
        NpgsqlCommand command = new(sql, _connection);
        foreach (object parameter in parameters)
        {
            command.Parameters.Add(new NpgsqlParameter { Value = parameter });
        }

        return command;
    }
}
