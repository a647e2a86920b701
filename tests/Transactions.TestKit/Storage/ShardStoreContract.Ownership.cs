using System.Collections.Immutable;
using Transactions.Clocks;
using Transactions.Model;
using Transactions.Participant;
using Transactions.Storage;
using Xunit;

namespace Transactions.TestKit.Storage;

public abstract partial class ShardStoreContract
{
    [Fact]
    [Trait("Rule", "L1")]
    public async Task ReadShardRow_NoRow_MakesOneForAll()
    {
        ShardRow first = await Store.ReadShardRowAsync(Cancel);

        Assert.Equal(new ShardRow(default, 0, "", "", default, default, default, default), first);
        Assert.Equal(first, await Rival.ReadShardRowAsync(Cancel));
    }

    [Fact]
    [Trait("Rule", "L3")]
    public async Task TakeOver_RowAsSeen_WinsTheNextGeneration()
    {
        await Store.ReadShardRowAsync(Cancel);

        TakeoverResult result = await Store.TakeOverAsync(FirstOwner, default, default, Ids.At(10), Cancel);

        ShardRow row = Assert.IsType<TakeoverResult.Won>(result).Row;
        Assert.Equal(new ShardRow(new Generation(1), 0, "first", "http://first:1", Ids.At(10), default, default, default), row);
        Assert.Equal(row, await Rival.ReadShardRowAsync(Cancel));
    }

    [Fact]
    [Trait("Rule", "L3")]
    public async Task TakeOver_RivalWasFaster_Loses()
    {
        ShardRow seen = await Rival.ReadShardRowAsync(Cancel);
        await OwnAsync();

        TakeoverResult result = await Rival.TakeOverAsync(SecondOwner, seen.Generation, seen.LeaseUntil, Ids.At(99), Cancel);

        Assert.IsType<TakeoverResult.Lost>(result);
        Assert.Equal("first", (await Rival.ReadShardRowAsync(Cancel)).Owner);
    }

    [Fact]
    [Trait("Rule", "L3")]
    public async Task TakeOver_LeaseRenewedMeanwhile_Loses()
    {
        Fence fence = await OwnAsync();
        ShardRow seen = await Rival.ReadShardRowAsync(Cancel);
        await Store.RenewAsync(fence.Generation, seen.LeaseUntil.Next(), default, Cancel);

        TakeoverResult result = await Rival.TakeOverAsync(SecondOwner, seen.Generation, seen.LeaseUntil, Ids.At(99), Cancel);

        Assert.IsType<TakeoverResult.Lost>(result);
        Assert.Equal(WriteResult.Committed, await Store.RenewAsync(fence.Generation, Ids.At(99), default, Cancel));
    }

    [Fact]
    [Trait("Rule", "L4")]
    [Trait("Rule", "S4")]
    public async Task Renew_HigherLease_RaisesLeaseAndWhatIsVisible()
    {
        Fence fence = await OwnAsync();

        Assert.Equal(WriteResult.Committed, await Store.RenewAsync(fence.Generation, Ids.At(10), Ids.At(7), Cancel));
        Assert.Equal(WriteResult.Committed, await Store.RenewAsync(fence.Generation, Ids.At(11), Ids.At(6), Cancel));

        ShardRow row = await Store.ReadShardRowAsync(Cancel);
        Assert.Equal((Ids.At(11), Ids.At(7)), (row.LeaseUntil, row.VisibleUpto));
    }

    [Fact]
    [Trait("Rule", "L4")]
    public async Task Renew_SameLease_ChangesNothing()
    {
        Fence fence = await OwnAsync();
        await Store.RenewAsync(fence.Generation, Ids.At(10), Ids.At(7), Cancel);

        Assert.Equal(WriteResult.RolledBack, await Store.RenewAsync(fence.Generation, Ids.At(10), Ids.At(8), Cancel));

        Assert.Equal(Ids.At(7), (await Store.ReadShardRowAsync(Cancel)).VisibleUpto);
    }

    [Fact]
    [Trait("Rule", "L4")]
    public async Task Renew_OldGeneration_IsFenced()
    {
        Fence old = await OwnAsync();
        await TakeOverAsync(Rival, SecondOwner);
        ShardRow before = await Store.ReadShardRowAsync(Cancel);

        Assert.Equal(WriteResult.Fenced, await Store.RenewAsync(old.Generation, Ids.At(1_000), Ids.At(1_000), Cancel));

        Assert.Equal(before, await Store.ReadShardRowAsync(Cancel));
    }

    [Fact]
    [Trait("Rule", "L5")]
    public async Task HandBack_LowerLease_IsTakenOverFromThere()
    {
        Fence fence = await OwnAsync();
        await Store.RenewAsync(fence.Generation, Ids.At(1_000), default, Cancel);

        Assert.Equal(WriteResult.Committed, await Store.HandBackAsync(fence, Ids.At(5), Cancel));

        Assert.Equal(Ids.At(5), (await Rival.ReadShardRowAsync(Cancel)).LeaseUntil);
    }

    [Fact]
    [Trait("Rule", "L5")]
    public async Task HandBack_HigherLease_NeverRaisesIt()
    {
        Fence fence = await OwnAsync();

        Assert.Equal(WriteResult.Committed, await Store.HandBackAsync(fence, Ids.At(1_000), Cancel));

        Assert.Equal(Ids.Start, (await Store.ReadShardRowAsync(Cancel)).LeaseUntil);
    }

    [Fact]
    [Trait("Rule", "L2")]
    public async Task EveryFencedWrite_OldGeneration_IsFencedAndChangesNothing()
    {
        Fence old = await OwnAsync();
        PreparedRow prepared = Prepared(Put("a", "1"));
        await PersistAsync(old, new PersistItem.Prepare(prepared));
        Fence current = await TakeOverAsync(Rival, SecondOwner);
        ShardRow before = await Store.ReadShardRowAsync(Cancel);

        await AssertAllFencedAsync(old, prepared.Context.Id);

        Assert.Equal(before, await Store.ReadShardRowAsync(Cancel));
        Assert.Single((await Rival.LoadAsync(current.Generation, Cancel)).Prepared);
        Assert.Null(await ReadTextAsync("a", 1_000));
    }

    [Fact]
    [Trait("Rule", "L2")]
    [Trait("Rule", "L6")]
    public async Task EveryFencedWrite_OldEpoch_IsFencedAndChangesNothing()
    {
        Fence old = await OwnAsync();
        PreparedRow prepared = Prepared(Put("a", "1"));
        await PersistAsync(old, new PersistItem.Prepare(prepared));
        await Store.ReconcileAsync(old.Generation, old.Epoch + 1, [], Cancel);
        ShardRow before = await Store.ReadShardRowAsync(Cancel);

        await AssertAllFencedAsync(old, prepared.Context.Id);

        Assert.Equal(before, await Store.ReadShardRowAsync(Cancel));
        Assert.Single((await Store.LoadAsync(old.Generation, Cancel)).Prepared);
    }

    [Fact]
    [Trait("Rule", "L3")]
    public async Task Load_AfterTakeover_FindsWhatWasPrepared()
    {
        Fence fence = await OwnAsync();
        PreparedRow withWrites = Prepared(Put("a", "1"), Delete("b"), Put("b", "{\"x\":1}", "orders"));
        PreparedRow other = Prepared(Put("c", "2"));
        await PersistAsync(fence, new PersistItem.Prepare(withWrites), new PersistItem.Prepare(other));

        Fence next = await TakeOverAsync(Rival, SecondOwner);
        LoadedShard loaded = await Rival.LoadAsync(next.Generation, Cancel);

        Assert.Equal([withWrites.Context, other.Context], loaded.Prepared.Select(p => p.Context));
        Assert.Equal(withWrites.Writes, loaded.Prepared[0].Writes);
        Assert.Equal(withWrites with { Writes = [] }, loaded.Prepared[0] with { Writes = [] });
        Assert.Equal(other.Writes, loaded.Prepared[1].Writes);
    }

    [Fact]
    [Trait("Rule", "L3")]
    public async Task Load_OtherGeneration_Throws()
    {
        Fence old = await OwnAsync();
        await TakeOverAsync(Rival, SecondOwner);

        await Assert.ThrowsAsync<StorageUnavailableException>(() => Store.LoadAsync(old.Generation, Cancel));
    }

    [Fact]
    [Trait("Rule", "L6")]
    public async Task Reconcile_DoubtfulWrites_TellsWhichAreThere()
    {
        Fence fence = await OwnAsync();
        PreparedRow prepared = Prepared(Put("a", "1"));
        PersistItem.OnePhase committed = OnePhase(7, Put("b", "2"));
        PersistItem.Tombstone ended = new(_ids.Next(), AbortReason.Resolved);
        await PersistAsync(fence, new PersistItem.Prepare(prepared), committed, ended, OnePhase(8));
        TransactionId unknown = _ids.Next();

        ReconcileResult found = await Store.ReconcileAsync(
            fence.Generation, fence.Epoch + 1, [prepared.Context.Id, committed.Id, ended.Id, unknown], Cancel);

        Assert.Equal(fence.Epoch + 1, found.Epoch);
        Assert.Equal([prepared.Context.Id], found.Prepared);
        Assert.Equal(
            new Dictionary<TransactionId, Outcome>
            {
                [committed.Id] = Outcome.Committed(Ids.At(7)),
                [ended.Id] = Outcome.Aborted(AbortReason.Resolved),
            },
            found.Outcomes.ToDictionary());
        Assert.Equal(found.Epoch, (await Store.ReadShardRowAsync(Cancel)).Epoch);
    }

    [Fact]
    [Trait("Rule", "L6")]
    public async Task Reconcile_OldGeneration_FindsItselfFenced()
    {
        Fence old = await OwnAsync();
        await TakeOverAsync(Rival, SecondOwner);

        Assert.Null((await Store.ReconcileAsync(old.Generation, old.Epoch + 1, [], Cancel)).Epoch);

        Assert.Equal(0, (await Store.ReadShardRowAsync(Cancel)).Epoch);
    }

    [Fact]
    [Trait("Rule", "L6")]
    public async Task Reconcile_AfterALaterOne_ChangesNothingAndGivesNoAnswer()
    {
        Fence old = await OwnAsync();
        Fence current = old with { Epoch = old.Epoch + 2 };
        Assert.Equal(current.Epoch, (await Store.ReconcileAsync(old.Generation, current.Epoch, [], Cancel)).Epoch);
        ShardRow before = await Store.ReadShardRowAsync(Cancel);

        await Assert.ThrowsAsync<StorageUnavailableException>(
            () => Store.ReconcileAsync(old.Generation, old.Epoch + 1, [], Cancel));
        await Assert.ThrowsAsync<StorageUnavailableException>(
            () => Store.ReconcileAsync(old.Generation, current.Epoch, [], Cancel));

        Assert.Equal(before, await Store.ReadShardRowAsync(Cancel));
        Assert.IsType<PersistResult.Committed>(await Store.PersistAsync(current, [OnePhase(7, Put("a", "1"))], Cancel));
    }

    private async Task AssertAllFencedAsync(Fence old, TransactionId prepared)
    {
        Assert.IsType<PersistResult.Fenced>(
            await Store.PersistAsync(old, [new PersistItem.Prepare(Prepared(Put("x", "1")))], Cancel));
        Assert.IsType<PersistResult.Fenced>(await Store.PersistAsync(old, [OnePhase(9, Put("a", "9"))], Cancel));
        Assert.IsType<PersistResult.Fenced>(
            await Store.PersistAsync(old, [new PersistItem.Tombstone(prepared, AbortReason.Resolved)], Cancel));
        Assert.Equal(WriteResult.Fenced, await Store.ApplyAsync(old, [new ApplyItem(prepared, Ids.At(200))], Cancel));
        Assert.Equal(WriteResult.Fenced, await Store.HandBackAsync(old, default, Cancel));
        Assert.Equal(WriteResult.Fenced, await Store.PruneAsync(old, Ids.At(9_000), Ids.At(9_000), Cancel));
    }
}
