using Npgsql;
using Transactions.LocalPostgres.Choosing;
using Xunit;

namespace Transactions.LocalPostgres.Tests;

public sealed class BackendChoiceTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(PostgresPreference.InstalledFirst, new[] { PostgresBackend.Installed, PostgresBackend.Docker, PostgresBackend.Embedded })]
    [InlineData(PostgresPreference.DockerFirst, new[] { PostgresBackend.Docker, PostgresBackend.Installed, PostgresBackend.Embedded })]
    public void Candidates_Auto_FollowThePreference(PostgresPreference preference, PostgresBackend[] expected) =>
        Assert.Equal(expected, BackendChooser.Candidates(new PostgresOptions { Preference = preference }));

    [Fact]
    public async Task Start_AutoWithInstalledFirst_TakesInstalled()
    {
        await using PostgresServer server = await PostgresServer.StartAsync(new PostgresOptions(), Cancellation);

        Assert.StartsWith("installed in", server.Description, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_AutoWithDockerFirst_TakesDocker()
    {
        PostgresOptions options = new() { Preference = PostgresPreference.DockerFirst };
        await using PostgresServer server = await PostgresServer.StartAsync(options, Cancellation);

        Assert.StartsWith("Docker", server.Description, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_NothingThere_ListsEverythingTriedAndTheRemedies()
    {
        // No program is on this PATH, and no engine at that address.
        Dictionary<string, string> bare = new() { ["PATH"] = "/nowhere", ["DOCKER_HOST"] = "unix:///nowhere.sock" };

        string failure = await Holder.FailAsync(PostgresBackend.Auto, bare, Cancellation);

        Assert.All(["Installed:", "Docker:", "Embedded:", "apt-get install postgresql", PostgresOptions.Variable],
            expected => Assert.Contains(expected, failure, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Start_NamedBackendThatCannotStart_TriesNoOther()
    {
        Dictionary<string, string> withoutDocker = new() { ["DOCKER_HOST"] = "unix:///nowhere.sock" };

        string failure = await Holder.FailAsync(PostgresBackend.Docker, withoutDocker, Cancellation);

        Assert.Contains("unix:///nowhere.sock", failure, StringComparison.Ordinal);
        Assert.DoesNotContain("Installed", failure, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_None_IsRefused() =>
        await Assert.ThrowsAsync<PostgresUnavailableException>(
            () => PostgresServer.StartAsync(new PostgresOptions { Backend = PostgresBackend.None }, Cancellation));

    [Fact]
    public async Task Start_CancelledToken_LeavesNothing()
    {
        using CancellationTokenSource cancelled = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        string folder = Path.Combine(Path.GetTempPath(), "transactions-test-" + Path.GetRandomFileName());
        PostgresOptions options = new() { Backend = PostgresBackend.Installed, DataDirectory = folder };

        Task<PostgresServer> starting = PostgresServer.StartAsync(options, cancelled.Token);
        while (!Leftovers.IsRunning(folder))
        {
            Assert.False(starting.IsCompleted);
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, Cancellation);
        }

        await cancelled.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => starting);
        Assert.False(Leftovers.IsRunning(folder));
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task Given_Server_IsUsedCleanedAndNeverKilled()
    {
        await using PostgresServer host = await PostgresServer.StartAsync(new PostgresOptions { Backend = PostgresBackend.Installed }, Cancellation);
        PostgresOptions options = new() { Backend = PostgresBackend.Given, GivenConnectionString = host.ConnectionString() };
        const string Databases = "select count(*) from pg_database where datname = 'visitor'";

        await using (PostgresServer given = await PostgresServer.StartAsync(options, Cancellation))
        {
            Assert.False(given.IsOurs);
            string connectionString = await given.CreateDatabaseAsync("visitor", Cancellation);
            Assert.Equal(1, await ServerContract.ScalarAsync<int>(connectionString, "select 1"));
            await Assert.ThrowsAsync<InvalidOperationException>(given.KillAsync);
            await Assert.ThrowsAsync<InvalidOperationException>(given.PauseAsync);
            Assert.Equal(1L, await ServerContract.ScalarAsync<long>(host.ConnectionString(), Databases));
        }

        Assert.Equal(0L, await ServerContract.ScalarAsync<long>(host.ConnectionString(), Databases));
    }

    [Fact]
    public async Task Given_UnreachableServer_FailsWithoutTellingThePassword()
    {
        PostgresOptions options = new()
        {
            Backend = PostgresBackend.Given,
            GivenConnectionString = new NpgsqlConnectionStringBuilder { Host = "127.0.0.1", Port = 1, Password = "secret" }.ConnectionString,
        };

        PostgresUnavailableException failure = await Assert.ThrowsAsync<PostgresUnavailableException>(
            () => PostgresServer.StartAsync(options, Cancellation));

        Assert.Contains("127.0.0.1:1", failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", failure.ToString(), StringComparison.Ordinal);
    }
}
