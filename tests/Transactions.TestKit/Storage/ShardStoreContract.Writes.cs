using System.Collections.Immutable;
using Transactions.Clocks;
using Transactions.Model;
using Transactions.Participant;
using Xunit;

namespace Transactions.TestKit.Storage;

public abstract partial class ShardStoreContract
{
    [Theory]
    [Trait("Rule", "X7")]
    [InlineData("{ \"b\": 1,  \"a\": 2, \"a\": 3 }")]
    [InlineData("1e100000")]
    [InlineData("null")]
    [InlineData("\"\\u00e9 é 😀\"")]
    [InlineData("[1.50, -0.0, true]\n")]
    public async Task Persist_Json_StaysByteForByte(string json)
    {
        Fence fence = await OwnAsync();
        PreparedRow prepared = Prepared(Put("intent", json));
        await PersistAsync(fence, new PersistItem.Prepare(prepared), OnePhase(5, Put("version", json)));

        Assert.Equal(json, Assert.Single((await Store.LoadAsync(fence.Generation, Cancel)).Prepared[0].Writes).Value.ToString());
        Assert.Equal(json, await ReadTextAsync("version", 5));
        await Store.ApplyAsync(fence, [new ApplyItem(prepared.Context.Id, Ids.At(200))], Cancel);
        Assert.Equal(json, await ReadTextAsync("intent", 200));
    }

    [Theory]
    [Trait("Rule", "X7")]
    [InlineData("{")]
    [InlineData("")]
    [InlineData("1 2")]
    public async Task Persist_NoJson_FailsForGoodAndWritesNothing(string text)
    {
        Fence fence = await OwnAsync();
        PersistItem[] batch = [OnePhase(5, Put("a", "1")), new PersistItem.Prepare(Prepared(Put("b", text)))];

        PersistResult result = await Store.PersistAsync(fence, [.. batch], Cancel);

        Assert.False(Assert.IsType<PersistResult.RolledBack>(result).IsTransient);
        Assert.Null(await ReadTextAsync("a", 1_000));
        Assert.Empty((await Store.LoadAsync(fence.Generation, Cancel)).Prepared);
        Assert.IsType<PersistResult.Committed>(await Store.PersistAsync(fence, [batch[0]], Cancel));
    }

    [Fact]
    [Trait("Rule", "X7")]
    public async Task Persist_PreparedTwice_FailsForGood()
    {
        Fence fence = await OwnAsync();
        PreparedRow prepared = Prepared(Put("a", "1"));
        await PersistAsync(fence, new PersistItem.Prepare(prepared));

        PersistResult again = await Store.PersistAsync(fence, [new PersistItem.Prepare(prepared)], Cancel);

        Assert.False(Assert.IsType<PersistResult.RolledBack>(again).IsTransient);
    }

    [Fact]
    [Trait("Rule", "X11")]
    public async Task Persist_OnePhase_WritesOutcomeAndVersions()
    {
        Fence fence = await OwnAsync();
        PersistItem.OnePhase item = OnePhase(5, Put("a", "1"), Delete("b"));

        ImmutableArray<Outcome?> register = await PersistAsync(fence, item);

        Assert.Equal([Outcome.Committed(Ids.At(5))], register);
        Assert.Equal(Outcome.Committed(Ids.At(5)), await Store.ReadOutcomeAsync(item.Id, Cancel));
        Assert.Equal("1", await ReadTextAsync("a", 5));
        Assert.Null(await ReadTextAsync("a", 4));
        Assert.Equal("deleted", await ReadTextAsync("b", 5));
    }

    [Fact]
    [Trait("Rule", "X11")]
    public async Task Persist_OnePhaseTwice_KeepsTheFirst()
    {
        Fence fence = await OwnAsync();
        PersistItem.OnePhase first = OnePhase(5, Put("a", "1"));
        await PersistAsync(fence, first);

        ImmutableArray<Outcome?> register = await PersistAsync(fence, new PersistItem.OnePhase(first.Id, Ids.At(6), [Put("a", "2")]));

        Assert.Equal([Outcome.Committed(Ids.At(5))], register);
        Assert.Equal("1", await ReadTextAsync("a", 1_000));
    }

    [Fact]
    [Trait("Rule", "X11")]
    [Trait("Rule", "D4")]
    public async Task Persist_OnePhaseAfterTombstone_StaysAbortedWithoutVersions()
    {
        Fence fence = await OwnAsync();
        TransactionId id = _ids.Next();
        await PersistAsync(fence, new PersistItem.Tombstone(id, AbortReason.Resolved));

        ImmutableArray<Outcome?> register = await PersistAsync(fence, new PersistItem.OnePhase(id, Ids.At(5), [Put("a", "1")]));

        Assert.Equal([Outcome.Aborted(AbortReason.Resolved)], register);
        Assert.Null(await ReadTextAsync("a", 1_000));
    }

    [Fact]
    [Trait("Rule", "D4")]
    public async Task Persist_TombstoneAfterOnePhase_StaysCommitted()
    {
        Fence fence = await OwnAsync();
        PersistItem.OnePhase committed = OnePhase(5, Put("a", "1"));
        await PersistAsync(fence, committed);

        Assert.Equal(
            [Outcome.Committed(Ids.At(5))],
            await PersistAsync(fence, new PersistItem.Tombstone(committed.Id, AbortReason.Resolved)));
    }

    [Fact]
    [Trait("Rule", "X7")]
    public async Task Persist_MixedBatch_AnswersInItsOrder()
    {
        Fence fence = await OwnAsync();

        ImmutableArray<Outcome?> register = await PersistAsync(
            fence,
            new PersistItem.Tombstone(_ids.Next(), AbortReason.Resolved),
            new PersistItem.Prepare(Prepared(Put("a", "1"))),
            OnePhase(5, Put("b", "1")),
            new PersistItem.Prepare(Prepared()),
            OnePhase(6));

        Assert.Equal(
            [Outcome.Aborted(AbortReason.Resolved), null, Outcome.Committed(Ids.At(5)), null, Outcome.Committed(Ids.At(6))],
            register);
    }

    [Fact]
    [Trait("Rule", "D5")]
    public async Task Persist_IdAtTheMark_WritesNoRow()
    {
        Fence fence = await OwnAsync();
        await Store.PruneAsync(fence, default, Ids.At(50), Cancel);
        PersistItem.OnePhase below = new(_ids.Next(50), Ids.At(100), [Put("a", "1")]);
        PersistItem.Tombstone alsoBelow = new(_ids.Next(49), AbortReason.Resolved);
        PersistItem.OnePhase above = new(_ids.Next(51), Ids.At(101), [Put("b", "1")]);

        ImmutableArray<Outcome?> register = await PersistAsync(fence, below, alsoBelow, above);

        Assert.Equal([null, null, Outcome.Committed(Ids.At(101))], register);
        Assert.Null(await ReadTextAsync("a", 1_000));
        Assert.Equal("1", await ReadTextAsync("b", 1_000));
        Assert.Null(await Store.ReadOutcomeAsync(below.Id, Cancel));
    }

    [Fact]
    [Trait("Rule", "D5")]
    public async Task Persist_MarkWithinTheIdsMillisecond_IsBelowIt()
    {
        Fence fence = await OwnAsync();
        Timestamp mark = new(Ids.At(50).Value + 1);
        TransactionId sameMillisecond = _ids.Next(50);
        await PersistAsync(fence, new PersistItem.Tombstone(sameMillisecond, AbortReason.Resolved));

        await Store.PruneAsync(fence, default, mark, Cancel);

        Assert.Null(await Store.ReadOutcomeAsync(sameMillisecond, Cancel));
        Assert.Equal([null], await PersistAsync(fence, new PersistItem.Tombstone(sameMillisecond, AbortReason.Resolved)));
    }

    [Fact]
    [Trait("Rule", "X10")]
    public async Task Apply_Commits_MovesIntentsToVersions()
    {
        Fence fence = await OwnAsync();
        PreparedRow committed = Prepared(Put("a", "1"), Delete("b"));
        PreparedRow aborted = Prepared(Put("c", "1"));
        PreparedRow waiting = Prepared(Put("d", "1"));
        await PersistAsync(
            fence, new PersistItem.Prepare(committed), new PersistItem.Prepare(aborted), new PersistItem.Prepare(waiting));

        WriteResult result = await Store.ApplyAsync(
            fence, [new ApplyItem(committed.Context.Id, Ids.At(200)), new ApplyItem(aborted.Context.Id, null)], Cancel);

        Assert.Equal(WriteResult.Committed, result);
        Assert.Equal("1", await ReadTextAsync("a", 200));
        Assert.Null(await ReadTextAsync("a", 199));
        Assert.Equal("deleted", await ReadTextAsync("b", 200));
        Assert.Null(await ReadTextAsync("c", 1_000));
        Assert.Null(await ReadTextAsync("d", 1_000));
        PreparedRow left = Assert.Single((await Store.LoadAsync(fence.Generation, Cancel)).Prepared);
        Assert.Equal(waiting.Context, left.Context);
    }

    [Fact]
    [Trait("Rule", "X10")]
    public async Task Apply_AgainOrUnknown_ChangesNothing()
    {
        Fence fence = await OwnAsync();
        PreparedRow prepared = Prepared(Put("a", "1"));
        await PersistAsync(fence, new PersistItem.Prepare(prepared));
        await Store.ApplyAsync(fence, [new ApplyItem(prepared.Context.Id, Ids.At(200))], Cancel);

        WriteResult again = await Store.ApplyAsync(
            fence, [new ApplyItem(prepared.Context.Id, Ids.At(300)), new ApplyItem(_ids.Next(), Ids.At(300))], Cancel);

        Assert.Equal(WriteResult.Committed, again);
        RecordVersion version = Assert.Single((await ReadAsync(new VersionQuery.Records(Ids.At(999), [Key("a")]))).Versions);
        Assert.Equal(Ids.At(200), version.CommitTimestamp);
    }

    [Fact]
    [Trait("Rule", "S2")]
    public async Task Prune_History_KeepsWhatReadsAtTheHorizonSee()
    {
        Fence fence = await OwnAsync();
        await CommitAsync(fence, 10, Put("a", "1"), Put("gone", "1"), Put("once", "1"), Put("back", "1"));
        await CommitAsync(fence, 20, Put("a", "2"), Delete("gone"), Delete("back"));
        await CommitAsync(fence, 30, Put("a", "3"), Put("back", "3"));
        await CommitAsync(fence, 40, Put("a", "4"), Delete("once"));

        Assert.Equal(WriteResult.Committed, await Store.PruneAsync(fence, Ids.At(30), default, Cancel));

        VersionsReadResult.Succeeded atHorizon = await ReadAsync(Everything(30));
        Assert.Equal(Ids.At(30), atHorizon.Horizon);
        Assert.Equal(["a=3", "back=3", "once=1"], Texts(atHorizon));
        Assert.Equal(["a=4", "back=3", "once=deleted"], Texts(await ReadAsync(Everything(40))));
        Assert.Equal(["once=1"], Texts(await ReadAsync(Everything(29))));
    }

    [Fact]
    [Trait("Rule", "S2")]
    public async Task Prune_InSteps_LeavesNothingBehind()
    {
        Fence fence = await OwnAsync();
        for (int at = 1; at <= 20; at++)
        {
            await CommitAsync(fence, at, at % 4 == 0 ? Delete("a") : Put("a", $"{at}"), Put("b", $"{at}"));
        }

        foreach (long horizon in new[] { 3, 4, 9, 9, 16 })
        {
            await Store.PruneAsync(fence, Ids.At(horizon), default, Cancel);
        }

        Assert.Equal(["b=16"], Texts(await ReadAsync(Everything(16))));
        Assert.Empty((await ReadAsync(Everything(15))).Versions);
        Assert.Equal(["a=19", "b=19"], Texts(await ReadAsync(Everything(19))));
    }

    [Fact]
    [Trait("Rule", "S2")]
    [Trait("Rule", "D5")]
    public async Task Prune_LowerThanBefore_NeverFalls()
    {
        Fence fence = await OwnAsync();
        await Store.PruneAsync(fence, Ids.At(30), Ids.At(40), Cancel);

        Assert.Equal(WriteResult.Committed, await Store.PruneAsync(fence, Ids.At(3), Ids.At(4), Cancel));

        ShardRow row = await Store.ReadShardRowAsync(Cancel);
        Assert.Equal((Ids.At(30), Ids.At(40)), (row.HistoryHorizon, row.OutcomesMark));
    }

    [Fact]
    [Trait("Rule", "D5")]
    public async Task Prune_Outcomes_DeletesThoseAtOrBelowTheMark()
    {
        Fence fence = await OwnAsync();
        TransactionId old = _ids.Next(10);
        TransactionId young = _ids.Next(11);
        await PersistAsync(
            fence, new PersistItem.Tombstone(old, AbortReason.Resolved), new PersistItem.OnePhase(young, Ids.At(99), []));

        await Store.PruneAsync(fence, default, Ids.At(10), Cancel);

        Assert.Null(await Store.ReadOutcomeAsync(old, Cancel));
        Assert.Equal(Outcome.Committed(Ids.At(99)), await Store.ReadOutcomeAsync(young, Cancel));
    }
}
