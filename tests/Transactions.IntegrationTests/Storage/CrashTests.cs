using Microsoft.Extensions.Logging.Abstractions;
using Transactions.Clocks;
using Transactions.IntegrationTests.Fixtures;
using Transactions.LocalPostgres;
using Transactions.Model;
using Transactions.Participant;
using Transactions.Participant.Server;
using Transactions.Participant.Server.Postgres;
using Transactions.Storage;
using Transactions.TestKit.Storage;
using Xunit;

namespace Transactions.IntegrationTests.Storage;

/// <summary>A server that dies, and comes back.</summary>
public sealed class CrashTests : IAsyncLifetime
{
    private static readonly ShardId s_shard = ShardId.Parse("payments/0");

    private readonly Ids _ids = new();
    private PostgresServer _server = null!;
    private string _database = "";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _server = await PostgresServer.StartAsync(
            PostgresOptions.FromEnvironment() with { Preference = PostgresPreference.DockerFirst }, Cancel);
        _database = await _server.CreateDatabaseAsync("crash", Cancel);
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    [Trait("Rule", "L6")]
    public async Task Persist_ServerDies_IsAmbiguousThenRolledBackThenKnown()
    {
        Fence fence;
        PersistItem.Tombstone acknowledged = new(_ids.Next(), AbortReason.Resolved);
        PersistItem.Tombstone lost = new(_ids.Next(), AbortReason.Resolved);
        await using (IShardStore store = await OpenAsync())
        {
            ShardRow seen = await store.ReadShardRowAsync(Cancel);
            ShardRow row = Assert.IsType<TakeoverResult.Won>(
                await store.TakeOverAsync(new("a", ""), seen.Generation, seen.LeaseUntil, Ids.Start, Cancel)).Row;
            fence = new Fence(row.Generation, row.Epoch);
            Assert.IsType<PersistResult.Committed>(await store.PersistAsync(fence, [acknowledged], Cancel));

            await using Backend hand = await Backend.OpenAsync(_database, Cancel);
            await using Backend eye = await Backend.OpenAsync(_database, Cancel);
            await hand.RunAsync("begin");
            await hand.RunAsync("lock table txn.outcomes in exclusive mode");
            Task<PersistResult> write = store.PersistAsync(fence, [lost], Cancel);
            await eye.UntilWaitingAsync(1, Cancel);
            await _server.KillAsync();

            Assert.IsType<PersistResult.Ambiguous>(await write);
            Assert.True(Assert.IsType<PersistResult.RolledBack>(await store.PersistAsync(fence, [lost], Cancel)).IsTransient);
            await Assert.ThrowsAsync<StorageUnavailableException>(() => store.ReadOutcomeAsync(lost.Id, Cancel));
            Assert.IsType<VersionsReadResult.Failed>(
                Assert.Single(await store.ReadVersionsAsync([new VersionQuery.Records(default, [])], Cancel)));
            await _server.StartAgainAsync();
        }

        _database = _server.ConnectionString("crash");
        await using IShardStore again = await OpenAsync();
        ReconcileResult found = await again.ReconcileAsync(fence.Generation, fence.Epoch + 1, [acknowledged.Id, lost.Id], Cancel);
        Assert.Equal([acknowledged.Id], found.Outcomes.Keys);
    }

    [Fact]
    public async Task Open_ServerIsDown_WaitsUntilItIsBack()
    {
        await _server.KillAsync();
        Task<IShardStore> opening = OpenAsync();
        await Task.Delay(TimeSpan.FromMilliseconds(300), TimeProvider.System, Cancel);
        Assert.False(opening.IsCompleted);

        await _server.StartAgainAsync();
        if (_server.ConnectionString("crash") != _database)
        {
            // A container came back under another port: what waits there waits for ever, so ask anew.
            _database = _server.ConnectionString("crash");
            opening = OpenAsync();
        }

        await using IShardStore store = await opening;
        Assert.Equal(new Generation(0), (await store.ReadShardRowAsync(Cancel)).Generation);
    }

    private async Task<IShardStore> OpenAsync() => await PostgresShardStore.OpenAsync(
        s_shard,
        ServerFixture.Storage(_database) with { ConnectTimeout = NodaTime.Duration.FromSeconds(2) },
        NullLoggerFactory.Instance,
        TimeProvider.System,
        Cancel);
}
