using Npgsql;
using Transactions.LocalPostgres;

namespace Transactions.IntegrationTests.Faults;

/// <summary>A PostgreSQL server with one database. One fault at a time: take <see cref="Gate"/>.</summary>
internal sealed class DatabaseServer : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    private DatabaseServer(string name, PostgresServer server, SmallDisk? disk) => (Name, Server, Disk) = (name, server, disk);

    public string Name { get; }

    public PostgresServer Server { get; }

    /// <summary>What its data lie on, if that is a disk of ours.</summary>
    public SmallDisk? Disk { get; }

    public SemaphoreSlim Gate { get; } = new(1);

    /// <summary>Straight to its database, past all proxies, on a connection that nobody had before.</summary>
    public string ConnectionString => new NpgsqlConnectionStringBuilder(Server.ConnectionString(Name))
    {
        Pooling = false,
        Timeout = 5,
        CommandTimeout = 10,
    }.ConnectionString;

    /// <summary>Where it listens.</summary>
    public (string Host, int Port)? Place
    {
        get
        {
            NpgsqlConnectionStringBuilder place = new(Server.ConnectionString());
            return (place.Host!, place.Port);
        }
    }

    public static async Task<DatabaseServer> StartAsync(string name, SmallDisk? disk, CancellationToken cancellationToken)
    {
        PostgresOptions options = PostgresOptions.FromEnvironment();
        PostgresServer server = await PostgresServer.StartAsync(
            options with
            {
                // A container's data can't lie on a disk of ours.
                Backend = disk is not null && options.Backend == PostgresBackend.Docker ? PostgresBackend.Installed : options.Backend,
                DataDirectory = disk is null ? null : Path.Combine(disk.Path, "server"),
                Durable = true,
                Settings = new Dictionary<string, string>
                {
                    ["max_connections"] = "200",
                    ["shared_buffers"] = "32MB",
                    ["min_wal_size"] = "32MB",
                    ["max_wal_size"] = "32MB",
                },
            },
            cancellationToken);
        try
        {
            await server.CreateDatabaseAsync(name, cancellationToken);
            return new DatabaseServer(name, server, disk);
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>Reads one value.</summary>
    public async Task<T?> ReadAsync<T>(string sql, params object[] parameters)
    {
        await using NpgsqlConnection connection = new(ConnectionString);
        await connection.OpenAsync();
        await using NpgsqlCommand command = new(sql, connection);
        foreach (object parameter in parameters)
        {
            command.Parameters.Add(new NpgsqlParameter { Value = parameter });
        }

        return (T?)await command.ExecuteScalarAsync();
    }

    /// <summary>Waits until it answers, and starts it where it ended for want of room.</summary>
    public async Task RecoverAsync()
    {
        long startedAt = TimeProvider.System.GetTimestamp();
        while (true)
        {
            try
            {
                await ReadAsync<int>("select 1");
                return;
            }
            catch (NpgsqlException e) when (e is not PostgresException && TimeProvider.System.GetElapsedTime(startedAt) < Patience)
            {
                await Server.KillAsync();
                await Server.StartAgainAsync();
            }
            catch (PostgresException e) when (e.IsTransient && TimeProvider.System.GetElapsedTime(startedAt) < Patience)
            {
                // It is recovering by itself.
                await Task.Delay(Pause, TimeProvider.System);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Server.DisposeAsync();
        Gate.Dispose();
    }
}
