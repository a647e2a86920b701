using System.Diagnostics;
using System.Net.Sockets;
using Npgsql;

namespace Transactions.LocalPostgres.Choosing;

/// <summary>Short, unpooled conversations with a server.</summary>
internal static class Probe
{
    /// <summary>How long a server may take to answer its first query; recovery after a crash counts.</summary>
    public static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(25);

    // Of one connection: to a server that may not be there yet, and is asked again; and to one that has answered, and may be busy.
    private static readonly TimeSpan AskLimit = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan OpenLimit = TimeSpan.FromSeconds(30);

    public static async Task<string> VersionAsync(string connectionString, CancellationToken cancellationToken) =>
        await AskAsync(connectionString, "select version()", cancellationToken);

    /// <summary>Waits until a query is answered; false when <paramref name="ended"/> completes first.</summary>
    /// <exception cref="PostgresUnavailableException">It took longer than <see cref="StartLimit"/>.</exception>
    public static async Task<bool> UntilAnsweringAsync(
        string connectionString, string question, Func<string, bool> isOurs, Task ended, CancellationToken cancellationToken)
    {
        long startedAt = Stopwatch.GetTimestamp();
        while (true)
        {
            Exception? failure = null;
            try
            {
                if (isOurs(await AskAsync(connectionString, question, cancellationToken)))
                {
                    return true;
                }
            }
            catch (Exception e) when (e is NpgsqlException or SocketException or TimeoutException)
            {
                failure = e;
            }

            if (ended.IsCompleted)
            {
                return false;
            }

            if (Stopwatch.GetElapsedTime(startedAt) > StartLimit)
            {
                throw new PostgresUnavailableException($"the server didn't answer within {StartLimit.TotalSeconds} s: {failure?.Message}", failure);
            }

            await Task.Delay(Pause, TimeProvider.System, cancellationToken);
        }
    }

    public static async Task ExecuteAsync(string connectionString, string sql, CancellationToken cancellationToken)
    {
        await using NpgsqlConnection connection = await OpenAsync(connectionString, OpenLimit, cancellationToken);
        await using NpgsqlCommand command = new(sql, connection);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>A name as it stands in SQL text.</summary>
    public static string Quoted(string identifier) => $"\"{identifier.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    private static async Task<string> AskAsync(string connectionString, string question, CancellationToken cancellationToken)
    {
        await using NpgsqlConnection connection = await OpenAsync(connectionString, AskLimit, cancellationToken);
        await using NpgsqlCommand command = new(question, connection);
        return (string)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    private static async Task<NpgsqlConnection> OpenAsync(string connectionString, TimeSpan limit, CancellationToken cancellationToken)
    {
        // Pooled connections would be found broken by the next user after a kill.
        NpgsqlConnection connection = new(new NpgsqlConnectionStringBuilder(connectionString)
        {
            Pooling = false,
            Timeout = (int)limit.TotalSeconds,
        }.ConnectionString);
        try
        {
            await connection.OpenAsync(cancellationToken);
            return connection;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }
}
