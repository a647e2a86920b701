using Transactions.IntegrationTests.Fixtures;
using Transactions.Model;
using Transactions.Participant;
using Transactions.Participant.Server;
using Transactions.TestKit.Storage;
using Xunit;

namespace Transactions.IntegrationTests.Storage.Races;

/// <summary>Steps of several round trips: whoever waits for one hears of each, and can end it between them.</summary>
public sealed class RoundTripTests(PostgresFixture server) : ShardRace(server)
{
    private int _trips;

    [Fact]
    public async Task Prune_VersionsToDelete_TellsOfEachRoundTrip()
    {
        await CommitTwiceAsync();

        Assert.Equal(WriteResult.Committed, await Owner.PruneAsync(Fence, Ids.At(100), Ids.At(1), () => _trips++, Cancel));

        // The raise; a look for versions and their deletion, up to the last one and up to the horizon; the outcomes' deletion.
        Assert.Equal(6, _trips);
        Assert.Equal(1, await CountVersionsAsync());
    }

    [Fact]
    public async Task Prune_ToldToEnd_EndsBeforeTheNextRoundTrip()
    {
        await CommitTwiceAsync();
        using CancellationTokenSource ending = CancellationTokenSource.CreateLinkedTokenSource(Cancel);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => Owner.PruneAsync(Fence, Ids.At(100), Ids.At(1), ending.Cancel, ending.Token));

        Assert.Equal(2, await CountVersionsAsync());
        Assert.Equal(Ids.At(100), (await Owner.ReadShardRowAsync(Cancel)).HistoryHorizon);
    }

    [Fact]
    public async Task TakeOver_StuckOwner_TellsOfEachRoundTrip()
    {
        await using IShardStore impatient = await OpenAsync(Database, lockTimeoutMilliseconds: 300);
        await Hand.RunAsync("begin");
        await Hand.RunAsync("select pg_advisory_xact_lock_shared($1)", LockKey);

        Assert.IsType<TakeoverResult.Won>(await impatient.TakeOverAsync(
            CandidateName, Row.Generation, Row.LeaseUntil, Ids.At(1_000), () => _trips++, Cancel));

        // The row, the lock that isn't to be had, the old owner's end; the row and the shard.
        Assert.Equal(5, _trips);
    }

    [Fact]
    public async Task Reconcile_LockHeld_TellsOfEachRoundTrip()
    {
        await using IShardStore impatient = await OpenAsync(Database, lockTimeoutMilliseconds: 300);
        await Hand.RunAsync("begin");
        await Hand.RunAsync("select pg_advisory_xact_lock($1)", LockKey);

        await Assert.ThrowsAsync<Transactions.Storage.StorageUnavailableException>(
            () => impatient.ReconcileAsync(Fence.Generation, 1, [], () => _trips++, Cancel));

        // The lock that isn't to be had, the lost writes' end, the lock again.
        Assert.Equal(3, _trips);
    }

    private async Task CommitTwiceAsync()
    {
        foreach (long at in (long[])[10, 20])
        {
            Assert.IsType<PersistResult.Committed>(await Owner.PersistAsync(
                Fence,
                [new PersistItem.OnePhase(Prepare().Id, Ids.At(at), [new RecordWrite(new RecordKey("accounts", "a"), Document.FromText("1"))])],
                Cancel));
        }
    }

    private Task<long> CountVersionsAsync() => Eye.ReadAsync<long>("select count(*) from txn.versions where shard = $1", Shard.Value);
}
