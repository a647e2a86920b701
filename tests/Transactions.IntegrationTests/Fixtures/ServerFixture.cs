using System.Collections.Concurrent;
using Transactions.LocalPostgres;
using Transactions.Storage;
using Xunit;

namespace Transactions.IntegrationTests.Fixtures;

/// <summary>A PostgreSQL server that test classes share, each with a database of its own.</summary>
public abstract class ServerFixture(PostgresOptions options) : IAsyncLifetime
{
    private readonly ConcurrentDictionary<Type, Lazy<Task<string>>> _databases = new();
    private int _count;

    /// <summary>The server. Tests that kill or pause one start their own.</summary>
    public PostgresServer Server { get; private set; } = null!;

    /// <summary>Starts the server, and says once which one it is.</summary>
    public async ValueTask InitializeAsync()
    {
        Server = await PostgresServer.StartAsync(options, TestContext.Current.CancellationToken);
        TestContext.Current.SendDiagnosticMessage("Tests run on {0}", Server.Description);
    }

    /// <summary>Stops the server.</summary>
    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        if (Server is not null)
        {
            await Server.DisposeAsync();
        }
    }

    /// <summary>The connection string of a test class's own database, made when it is first asked for.</summary>
    public Task<string> DatabaseOfAsync(Type testClass) =>
        _databases.GetOrAdd(testClass, type => new Lazy<Task<string>>(() => NewDatabaseAsync(type.Name))).Value;

    /// <summary>Makes a database and answers its connection string.</summary>
    public Task<string> NewDatabaseAsync(string name) => Server.CreateDatabaseAsync(NewName(name));

    /// <summary>A name that nothing else on the server has: the server may have been there before, and stay.</summary>
    public string NewName(string name) =>
        $"{name.ToLowerInvariant()}_{Environment.ProcessId}_{Interlocked.Increment(ref _count)}";

    /// <summary>How a store of ours reaches a database.</summary>
    public static StorageOptions Storage(string connectionString) =>
        new() { ConnectionString = connectionString, ApplicationName = "tests", ReadConnections = 4, WriteConnections = 4 };
}
