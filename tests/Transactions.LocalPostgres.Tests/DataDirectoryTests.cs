using Transactions.LocalPostgres.Processes;
using Xunit;

namespace Transactions.LocalPostgres.Tests;

public sealed class DataDirectoryTests : IDisposable
{
    private readonly string _folder = Path.Combine(Path.GetTempPath(), "transactions-test-" + Path.GetRandomFileName());

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private PostgresOptions Options => new() { Backend = PostgresBackend.Installed, DataDirectory = _folder };

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Start_NamedFolder_KeepsDataAcrossServers()
    {
        await using (PostgresServer first = await PostgresServer.StartAsync(Options, Cancellation))
        {
            await first.CreateDatabaseAsync("kept", Cancellation);
        }

        Assert.False(Leftovers.IsRunning(_folder));
        await using PostgresServer second = await PostgresServer.StartAsync(Options, Cancellation);

        Assert.Equal("kept", await ServerContract.ScalarAsync<string>(second.ConnectionString("kept"), "select current_database()::text"));
    }

    [Fact]
    public async Task Start_FolderInUse_FailsWithTheServersWords()
    {
        await using PostgresServer first = await PostgresServer.StartAsync(Options, Cancellation);

        PostgresUnavailableException failure = await Assert.ThrowsAsync<PostgresUnavailableException>(
            () => PostgresServer.StartAsync(Options, Cancellation));

        Assert.Contains("postmaster.pid", failure.Message, StringComparison.Ordinal);
        Assert.Equal(1, await ServerContract.ScalarAsync<int>(first.ConnectionString(), "select 1"));

        await first.DisposeAsync();
        Assert.False(Leftovers.IsRunning(_folder));
    }

    [Fact]
    public async Task Start_ParentOfTheLastServerJustKilled_TakesOverTheData()
    {
        await using (Holder holder = await Holder.StartAsync(PostgresBackend.Installed, version: null, "nothing", Cancellation, _folder))
        {
            await ServerContract.ScalarAsync<object>(holder.ConnectionString, "create table t (x int); insert into t values (42)");
            await holder.KillAsync();
        }

        await using PostgresServer next = await PostgresServer.StartAsync(Options, Cancellation);

        Assert.Equal(42, await ServerContract.ScalarAsync<int>(next.ConnectionString(), "select x from t"));
    }

    [Fact]
    public async Task Kill_ServerThatEndedByItself_StartsAgain()
    {
        await using PostgresServer server = await PostgresServer.StartAsync(Options, Cancellation);
        await server.CreateDatabaseAsync("kept", Cancellation);
        string postmaster = (await File.ReadAllLinesAsync(Path.Combine(_folder, "data", "postmaster.pid"), Cancellation))[0];
        Tool.Result stopped = await Tool.RunAsync(["sh", "-c", $"kill -INT {postmaster}"], TimeSpan.FromSeconds(5), Cancellation);
        Assert.True(stopped.Succeeded, stopped.Summary);
        while (File.Exists(Path.Combine(_folder, "data", "postmaster.pid")))
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, Cancellation);
        }

        await server.KillAsync();
        await server.StartAgainAsync();

        Assert.Equal("kept", await ServerContract.ScalarAsync<string>(server.ConnectionString("kept"), "select current_database()::text"));
    }

    [Fact]
    public async Task Start_DataOfAnotherVersion_IsRefused()
    {
        Directory.CreateDirectory(Path.Combine(_folder, "data"));
        await File.WriteAllTextAsync(Path.Combine(_folder, "data", "PG_VERSION"), "16\n", Cancellation);

        PostgresUnavailableException failure = await Assert.ThrowsAsync<PostgresUnavailableException>(
            () => PostgresServer.StartAsync(Options with { Version = 15 }, Cancellation));

        Assert.Contains("of PostgreSQL 16, not 15", failure.Message, StringComparison.Ordinal);
    }
}
