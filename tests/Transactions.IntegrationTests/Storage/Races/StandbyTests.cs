using Microsoft.Extensions.Logging.Abstractions;
using Transactions.Clocks;
using Transactions.Coordinator;
using Transactions.Coordinator.Server;
using Transactions.Coordinator.Server.Postgres;
using Transactions.IntegrationTests.Fixtures;
using Transactions.LocalPostgres;
using Transactions.Model;
using Transactions.TestKit.Storage;
using Xunit;

namespace Transactions.IntegrationTests.Storage.Races;

/// <summary>D1 on a server that must wait for a synchronous standby, which never comes.</summary>
public sealed class StandbyTests : IAsyncLifetime
{
    private static readonly ShardGeneration s_writer = new(ShardId.Parse("payments/0"), new Generation(1));

    private readonly Ids _ids = new();
    private PostgresServer _server = null!;
    private IDecisionLog _log = null!;
    private Backend _eye = null!;
    private Backend _probe = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _server = await PostgresServer.StartAsync(
            PostgresOptions.FromEnvironment() with { Preference = PostgresPreference.DockerFirst, Durable = false }, Cancel);
        string database = await _server.CreateDatabaseAsync("standby", Cancel);
        _log = await PostgresDecisionLog.OpenAsync(
            ServerFixture.Storage(database), NullLoggerFactory.Instance, TimeProvider.System, Cancel);
        await _log.EnsureClusterAsync("shop", ClockMode.Bounded, Cancel);
        _eye = await Backend.OpenAsync(database, Cancel);
        _probe = await Backend.OpenAsync(database, Cancel);
        await _probe.RunAsync("create table probe (n int)");
        await _probe.RunAsync("set synchronous_commit = on");
    }

    public async ValueTask DisposeAsync()
    {
        await _probe.DisposeAsync();
        await _eye.DisposeAsync();
        await _log.DisposeAsync();
        await _server.DisposeAsync();
    }

    [Fact]
    [Trait("Rule", "D1")]
    [Trait("Rule", "D2")]
    public async Task Record_WaitForStandbyCancelled_IsAmbiguousUntilTheStandbyHasIt()
    {
        Decision commit = new(_ids.Next(), Outcome.Committed(Ids.At(5)), [s_writer]);
        await SetStandbysAsync("ghost");
        await UntilCommitsWaitAsync();
        Task<RecordResult> record = _log.RecordAsync([commit], Cancel);
        await _eye.UntilWaitingAsync(1, Cancel, "SyncRep");
        await CancelWaitAsync();
        Assert.IsType<RecordResult.Ambiguous>(await record);

        // The row is visible now, and on no standby. Whoever reads it must wait for the standby too.
        Task<RecordResult> abort = _log.RecordAsync([Decision.Abort(commit.Id, AbortReason.Resolved)], Cancel);
        Task<DecisionLookup> lookup = _log.ReadAsync(commit.Id, null, Cancel);
        await _eye.UntilWaitingAsync(2, Cancel, "SyncRep");
        Assert.False(abort.IsCompleted);
        Assert.False(lookup.IsCompleted);

        await SetStandbysAsync("");
        RegisterContent content = Assert.Single(Assert.IsType<RecordResult.Committed>(await abort).Contents);
        Assert.Equal(commit.Outcome, Assert.IsType<RegisterContent.ById>(content).Decision.Outcome);
        Assert.Equal(commit.Outcome, (await lookup).ById?.Outcome);
    }

    // Sessions see a new setting before the checkpointer does, which alone lets commits wait: it may be busy for a while.
    private async Task UntilCommitsWaitAsync()
    {
        bool hasWaited = false;
        while (!hasWaited)
        {
            Task write = _probe.RunAsync("insert into probe values (1)");
            while (!write.IsCompleted && !hasWaited)
            {
                hasWaited = await _eye.ReadAsync<long>("select count(*) from pg_stat_activity where wait_event = 'SyncRep'") > 0;
            }

            if (hasWaited)
            {
                await CancelWaitAsync();
            }

            await write;
        }
    }

    private Task CancelWaitAsync() =>
        _eye.RunAsync("select pg_cancel_backend(pid) from pg_stat_activity where wait_event = 'SyncRep'");

    private async Task SetStandbysAsync(string names)
    {
        await _eye.RunAsync($"alter system set synchronous_standby_names = '{names}'");
        await _eye.RunAsync("select pg_reload_conf()");
        while (await _eye.ReadAsync<string>("show synchronous_standby_names") != names)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, Cancel);
        }
    }
}
