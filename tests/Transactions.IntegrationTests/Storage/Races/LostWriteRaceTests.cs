using Transactions.IntegrationTests.Fixtures;
using Transactions.Model;
using Transactions.Participant;
using Transactions.Participant.Server;
using Transactions.TestKit.Storage;
using Xunit;

namespace Transactions.IntegrationTests.Storage.Races;

/// <summary>L6: an owner that lost the answer to a write, while the server still works on it.</summary>
public sealed class LostWriteRaceTests(PostgresFixture server) : ShardRace(server)
{
    [Fact]
    [Trait("Rule", "L6")]
    public async Task Reconcile_LostWriteStillRuns_WaitsForItAndFindsIt()
    {
        await using CuttableProxy proxy = new(Database);
        await using IShardStore cutOff = await OpenAsync(proxy.ConnectionString);
        PersistItem.Prepare prepare = Prepare();
        await Hand.RunAsync("begin");
        await Hand.RunAsync("lock table txn.intents in exclusive mode");
        Task<PersistResult> write = cutOff.PersistAsync(Fence, [prepare], Cancel);
        await Eye.UntilWaitingAsync(1, Cancel);
        proxy.Cut();
        Assert.IsType<PersistResult.Ambiguous>(await write);

        Task<ReconcileResult> reconcile = cutOff.ReconcileAsync(Fence.Generation, 1, [prepare.Id], Cancel);
        await Eye.UntilWaitingAsync(2, Cancel);
        await Hand.RunAsync("commit");

        ReconcileResult found = await reconcile;
        Assert.Equal([prepare.Id], found.Prepared);
        Assert.Equal(1, found.Epoch);
    }

    [Fact]
    [Trait("Rule", "L6")]
    public async Task Reconcile_LostWriteIsStuck_TerminatesIt()
    {
        await using CuttableProxy proxy = new(Database);
        await using IShardStore cutOff = await OpenAsync(proxy.ConnectionString, lockTimeoutMilliseconds: 300);
        PersistItem.Prepare prepare = Prepare();
        await Hand.RunAsync("create function stall() returns trigger language plpgsql as 'begin perform pg_sleep(60); return new; end'");
        await Hand.RunAsync("create trigger stall before insert on txn.intents for each row execute function stall()");
        Task<PersistResult> write = cutOff.PersistAsync(Fence, [prepare], Cancel);
        await Eye.UntilWaitingAsync(1, Cancel, "PgSleep");
        proxy.Cut();
        Assert.IsType<PersistResult.Ambiguous>(await write);

        ReconcileResult found = await cutOff.ReconcileAsync(Fence.Generation, 1, [prepare.Id], Cancel);

        Assert.Equal(1, found.Epoch);
        Assert.Empty(found.Prepared);
    }

    [Fact]
    [Trait("Rule", "L6")]
    public async Task Reconcile_RunsAfterALaterOne_FencesNothing()
    {
        await using CuttableProxy proxy = new(Database);
        await using IShardStore cutOff = await OpenAsync(proxy.ConnectionString);
        await Hand.RunAsync("begin");
        await Hand.RunAsync("select pg_advisory_xact_lock($1)", LockKey);
        Task<ReconcileResult> late = cutOff.ReconcileAsync(Fence.Generation, 1, [], Cancel);
        await Eye.UntilWaitingAsync(1, Cancel);
        proxy.Cut();
        await Assert.ThrowsAsync<Transactions.Storage.StorageUnavailableException>(() => late);

        // The later one's commit, under the lock that the first one still waits for.
        await Hand.RunAsync("update txn.shard set epoch = 2 where shard = $1", Shard.Value);
        await Hand.RunAsync("commit");
        await Hand.RunAsync("select pg_advisory_lock($1)", LockKey);
        await Hand.RunAsync("select pg_advisory_unlock($1)", LockKey);

        Assert.IsType<PersistResult.Committed>(await Owner.PersistAsync(Fence with { Epoch = 2 }, [Prepare()], Cancel));
        Assert.Equal(2, (await Owner.ReadShardRowAsync(Cancel)).Epoch);
    }

    [Fact]
    [Trait("Rule", "L6")]
    public async Task Persist_EpochRaisedWhileItWaits_IsFenced()
    {
        PersistItem.Prepare prepare = Prepare();
        await Hand.RunAsync("begin");
        await Hand.RunAsync("select pg_advisory_xact_lock($1)", LockKey);
        await Hand.RunAsync("update txn.shard set epoch = epoch + 1 where shard = $1", Shard.Value);
        Task<PersistResult> write = Owner.PersistAsync(Fence, [prepare], Cancel);
        await Eye.UntilWaitingAsync(1, Cancel);
        await Hand.RunAsync("commit");

        Assert.IsType<PersistResult.Fenced>(await write);
        Assert.Empty(await LoadedAsync(Owner, Row.Generation));
    }
}
