using System.Collections.Concurrent;
using Npgsql;

namespace Transactions.LocalPostgres.Choosing;

/// <summary>Somebody else's server: only databases are made there, and dropped again.</summary>
internal sealed class GivenServer(string connectionString) : IBackend
{
    private readonly ConcurrentQueue<string> _created = [];

    public string Name { get; } = NameOf(new NpgsqlConnectionStringBuilder(connectionString));

    public bool IsOurs => false;

    public string ConnectionString { get; } =
        new NpgsqlConnectionStringBuilder(connectionString) { Database = "postgres" }.ConnectionString;

    public string Remains => "";

    public async Task CreateDatabaseAsync(string name, CancellationToken cancellationToken)
    {
        await Probe.ExecuteAsync(ConnectionString, $"create database {Probe.Quoted(name)}", cancellationToken);
        _created.Enqueue(name);
    }

    public async ValueTask DisposeAsync()
    {
        while (_created.TryDequeue(out string? name))
        {
            await Probe.ExecuteAsync(
                ConnectionString, $"drop database if exists {Probe.Quoted(name)} with (force)", CancellationToken.None);
        }
    }

    public Task KillAsync() => throw NotOurs();

    public Task StartAgainAsync() => throw NotOurs();

    public Task PauseAsync() => throw NotOurs();

    public Task ResumeAsync() => throw NotOurs();

    // Neither user nor password: this is logged.
    private static string NameOf(NpgsqlConnectionStringBuilder given) => $"the given server at {given.Host}:{given.Port}";

    private static InvalidOperationException NotOurs() => new("The server was given by its connection string.");
}
