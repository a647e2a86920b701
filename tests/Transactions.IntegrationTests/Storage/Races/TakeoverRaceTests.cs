using Transactions.Clocks;
using Transactions.IntegrationTests.Fixtures;
using Transactions.Model;
using Transactions.Participant;
using Transactions.Participant.Server;
using Transactions.TestKit.Storage;
using Xunit;

namespace Transactions.IntegrationTests.Storage.Races;

public sealed class TakeoverRaceTests(PostgresFixture server) : ShardRace(server)
{
    [Fact]
    [Trait("Rule", "L2")]
    [Trait("Rule", "L3")]
    public async Task TakeOver_WriteInFlight_WaitsForItAndLoadsIt()
    {
        PersistItem.Prepare prepare = Prepare();
        await Hand.RunAsync("begin");
        await Hand.RunAsync("lock table txn.intents in exclusive mode");
        Task<PersistResult> write = Owner.PersistAsync(Fence, [prepare], Cancel);
        await Eye.UntilWaitingAsync(1, Cancel);
        Task<TakeoverResult> takeover = TakeOverAsync(Candidate);
        await Eye.UntilWaitingAsync(2, Cancel);

        Assert.False(takeover.IsCompleted);
        await Hand.RunAsync("commit");

        Assert.IsType<PersistResult.Committed>(await write);
        TakeoverResult.Won won = Assert.IsType<TakeoverResult.Won>(await takeover);
        Assert.Equal([prepare.Id], await LoadedAsync(Candidate, won.Row.Generation));
    }

    [Fact]
    [Trait("Rule", "L2")]
    public async Task Persist_TakeoverCommitsWhileItWaits_IsFenced()
    {
        await Hand.RunAsync("begin");
        await Hand.RunAsync("select pg_advisory_xact_lock($1)", LockKey);
        await Hand.RunAsync("update txn.shard set generation = generation + 1 where shard = $1", Shard.Value);
        Task<PersistResult> write = Owner.PersistAsync(Fence, [Prepare()], Cancel);
        await Eye.UntilWaitingAsync(1, Cancel);

        Assert.False(write.IsCompleted);
        await Hand.RunAsync("commit");

        Assert.IsType<PersistResult.Fenced>(await write);
        Assert.Empty(await LoadedAsync(Owner, Row.Generation.Next()));
    }

    [Fact]
    [Trait("Rule", "L2")]
    public async Task Apply_TakeoverCommitsWhileItWaits_IsFenced()
    {
        PersistItem.Prepare prepare = Prepare();
        await Owner.PersistAsync(Fence, [prepare], Cancel);
        await Hand.RunAsync("begin");
        await Hand.RunAsync("select pg_advisory_xact_lock($1)", LockKey);
        await Hand.RunAsync("update txn.shard set generation = generation + 1 where shard = $1", Shard.Value);
        Task<WriteResult> write = Owner.ApplyAsync(Fence, [new ApplyItem(prepare.Id, Ids.At(3))], Cancel);
        await Eye.UntilWaitingAsync(1, Cancel);
        await Hand.RunAsync("commit");

        Assert.Equal(WriteResult.Fenced, await write);
        Assert.Equal([prepare.Id], await LoadedAsync(Owner, Row.Generation.Next()));
    }

    [Fact]
    [Trait("Rule", "L3")]
    public async Task TakeOver_ManyCandidatesAtOnce_OneWinsEachGeneration()
    {
        for (int round = 0; round < 10; round++)
        {
            ShardRow seen = await Owner.ReadShardRowAsync(Cancel);
            Task<TakeoverResult>[] candidates = [.. new[] { Owner, Candidate, Owner, Candidate }.Select((store, i) => store.TakeOverAsync(
                new ShardOwner($"candidate {i}", ""), seen.Generation, seen.LeaseUntil, seen.LeaseUntil.Next(), Cancel))];
            TakeoverResult[] results = await Task.WhenAll(candidates);

            TakeoverResult.Won won = Assert.Single(results.OfType<TakeoverResult.Won>());
            Assert.Equal(3, results.OfType<TakeoverResult.Lost>().Count());
            Assert.Equal(seen.Generation.Next(), won.Row.Generation);
            Assert.Equal(won.Row, await Owner.ReadShardRowAsync(Cancel));
        }
    }

    [Fact]
    [Trait("Rule", "L3")]
    public async Task TakeOver_StuckOwner_IsTerminatedButNoRivalIs()
    {
        await using IShardStore impatient = await OpenAsync(Database, lockTimeoutMilliseconds: 300);
        await using Backend rival = await Backend.OpenAsync(Database, Cancel);
        await Hand.RunAsync("begin");
        await Hand.RunAsync("select pg_advisory_xact_lock_shared($1)", LockKey);
        await rival.RunAsync("begin");
        Task rivalWaits = rival.RunAsync("select pg_advisory_xact_lock($1)", LockKey);
        await Eye.UntilWaitingAsync(1, Cancel);

        Task<TakeoverResult> takeover = TakeOverAsync(impatient);
        await rivalWaits;

        // The rival stood first in the queue and holds the lock now.
        Assert.False(await Hand.IsAliveAsync());
        Assert.True(await rival.IsAliveAsync());
        await Eye.UntilWaitingAsync(1, Cancel);
        await rival.RunAsync("rollback");
        Assert.IsType<TakeoverResult.Won>(await takeover);
    }

    [Fact]
    [Trait("Rule", "L3")]
    public async Task TakeOver_RivalHoldsTheLock_FailsAndLeavesItAlone()
    {
        await using IShardStore impatient = await OpenAsync(Database, lockTimeoutMilliseconds: 100);
        await Hand.RunAsync("begin");
        await Hand.RunAsync("select pg_advisory_xact_lock($1)", LockKey);

        Assert.IsType<TakeoverResult.Failed>(await TakeOverAsync(impatient));

        Assert.True(await Hand.IsAliveAsync());
    }

    [Fact]
    [Trait("Rule", "L2")]
    [Trait("Rule", "L3")]
    [Trait("Rule", "L4")]
    public async Task Renew_TakeoverWaits_SucceedsAndTheTakeoverLoses()
    {
        await using IShardStore impatient = await OpenAsync(Database, lockTimeoutMilliseconds: 1_000);
        await Hand.RunAsync("begin");
        await Hand.RunAsync("select pg_advisory_xact_lock_shared($1)", LockKey);
        Task<TakeoverResult> takeover = TakeOverAsync(impatient);
        await Eye.UntilWaitingAsync(1, Cancel);

        // The renewal doesn't queue behind the takeover, and protects what its owner has in flight from being terminated.
        Assert.Equal(WriteResult.Committed, await Owner.RenewAsync(Row.Generation, Ids.At(5), Ids.At(1), Cancel));
        Assert.False(takeover.IsCompleted);

        Assert.IsType<TakeoverResult.Lost>(await takeover);
        Assert.True(await Hand.IsAliveAsync());
    }

    [Fact]
    [Trait("Rule", "L3")]
    [Trait("Rule", "L4")]
    public async Task TakeOver_RenewalInFlight_WaitsForItAndLoses()
    {
        await Hand.RunAsync("begin");
        await Hand.RunAsync("update txn.shard set lease_until = lease_until + 1 where shard = $1", Shard.Value);
        Task<TakeoverResult> takeover = TakeOverAsync(Candidate);
        await Eye.UntilWaitingAsync(1, Cancel);
        await Hand.RunAsync("commit");

        Assert.IsType<TakeoverResult.Lost>(await takeover);
        Assert.Equal("owner", (await Owner.ReadShardRowAsync(Cancel)).Owner);
    }

    [Fact]
    [Trait("Rule", "L4")]
    public async Task Renew_TakeoverInFlight_IsFenced()
    {
        await Hand.RunAsync("begin");
        await Hand.RunAsync("update txn.shard set generation = generation + 1 where shard = $1", Shard.Value);
        Task<WriteResult> renewal = Owner.RenewAsync(Row.Generation, Ids.At(5), Ids.At(5), Cancel);
        await Eye.UntilWaitingAsync(1, Cancel);
        await Hand.RunAsync("commit");

        Assert.Equal(WriteResult.Fenced, await renewal);
        Assert.Equal(Timestamp.Zero, (await Owner.ReadShardRowAsync(Cancel)).VisibleUpto);
    }

    [Fact]
    [Trait("Rule", "D5")]
    public async Task Prune_WriteInFlight_RaisesTheMarkOnlyAfterIt()
    {
        PersistItem.Tombstone tombstone = new(Prepare().Id, AbortReason.Resolved);
        await Hand.RunAsync("begin");
        await Hand.RunAsync("lock table txn.outcomes in exclusive mode");
        Task<PersistResult> write = Owner.PersistAsync(Fence, [tombstone], Cancel);
        await Eye.UntilWaitingAsync(1, Cancel);
        Task<WriteResult> prune = Owner.PruneAsync(Fence, default, Ids.At(5), Cancel);
        await Eye.UntilWaitingAsync(2, Cancel);

        Assert.Equal(0L, await Eye.ReadAsync<long>("select outcomes_mark from txn.shard where shard = $1", Shard.Value));
        await Hand.RunAsync("commit");

        Assert.Equal(
            [Outcome.Aborted(AbortReason.Resolved)], Assert.IsType<PersistResult.Committed>(await write).Register);
        Assert.Equal(WriteResult.Committed, await prune);
        Assert.Null(await Owner.ReadOutcomeAsync(tombstone.Id, Cancel));
    }
}
