using System.Text.Json;
using Transactions.Clocks;
using Transactions.Model;
using Transactions.Participant;
using Xunit;

namespace Transactions.Client.Tests.Stores;

public sealed class StoreCollectionTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Operations_InATransaction_DoWhatTheySay()
    {
        await using World world = await World.StartAsync();
        StoreCollection<int> counters = world.Client.Store("payments").Collection<int>("counters");

        await world.Client.RunAsync(
            async _ =>
            {
                Assert.True(await counters.InsertIfAbsentAsync("a", 1, Token));
                Assert.False(await counters.InsertIfAbsentAsync("a", 2, Token));
                await counters.PutAsync("b", 3, Token);
                await counters.PutAsync("c", 4, Token);
                await counters.DeleteAsync("c", Token);
                Assert.Equal(0, await counters.GetAsync("c", Token));
                Assert.Null(await counters.FindAsync("c", Token));
                Assert.Equal(Timestamp.Zero, (await counters.FindAsync("b", Token))!.CommitTimestamp);
                Assert.Equal([1, null, 3], (await counters.GetManyAsync(["a", "x", "b"], Token)).Select(r => r?.Value));
                Assert.Equal([3, 1], (await counters.GetManyForUpdateAsync(["b", "a"], Token)).Select(r => r!.Value));
            },
            cancellationToken: Token);

        Assert.Equal(10, Assert.Single(Assert.Single(world.Home.Commits).Shards).Operations);
        Assert.Equal([1, 3], (await counters.GetManyAsync(["a", "b"], Token)).Select(r => r!.Value));
    }

    [Fact]
    public async Task ScanAsync_SeveralPages_ReadsAllAtOneMoment()
    {
        await using World world = await World.StartAsync();
        StoreCollection<int> counters = world.Client.Store("payments").Collection<int>("counters");
        await world.Client.RunAsync(
            async _ =>
            {
                for (int i = 0; i < 7; i++)
                {
                    await counters.PutAsync($"k/{i}", i, Token);
                }

                await counters.PutAsync("l", 100, Token);
                Assert.Equal(7, await counters.ScanAsync(ScanRange.Prefix("k/"), 3, Token).CountAsync(Token));
            },
            cancellationToken: Token);

        List<int> read = [];
        await foreach (StoreRecord<int> record in counters.ScanAsync(ScanRange.Prefix("k/"), pageSize: 3, Token))
        {
            read.Add(record.Value);
        }

        Assert.Equal(Enumerable.Range(0, 7), read);
        Assert.Equal(3, world.Payments.ReadsAt.Count);
        Assert.Null(world.Payments.ReadsAt[0]);
        Assert.NotNull(world.Payments.ReadsAt[1]);
        Assert.Equal(world.Payments.ReadsAt[1], world.Payments.ReadsAt[2]);
        Assert.Equal(8, await counters.ScanAsync(ScanRange.All, cancellationToken: Token).CountAsync(Token));
    }

    [Fact]
    public async Task Writes_OutsideOfATransaction_SayWhatHelps()
    {
        await using World world = await World.StartAsync();
        StoreCollection<int> counters = world.Client.Store("payments").Collection<int>("counters");

        foreach (Func<Task> write in new Func<Task>[]
        {
            () => counters.PutAsync("a", 1, Token),
            () => counters.InsertIfAbsentAsync("a", 1, Token),
            () => counters.DeleteAsync("a", Token),
            () => counters.GetForUpdateAsync("a", Token),
        })
        {
            Assert.Contains("RunAsync", (await Assert.ThrowsAsync<InvalidOperationException>(write)).Message, StringComparison.Ordinal);
        }

        Assert.Empty(world.Payments.Seen);
    }

    [Fact]
    [Trait("Rule", "X2")]
    public async Task Operations_Admitted_AreCountedEvenIfTheyFailed()
    {
        await using World world = await World.StartAsync();
        ShardGeneration owner = new(world.Payments.Shard, world.Payments.Generation);
        world.Payments.Instead = (_, _) => Task.FromResult<ShardAnswer?>(
            new ShardAnswer.Refused(Refusal.Limit("bytes", "too much at once"), owner));

        await world.Client.RunAsync(
            _ => Assert.ThrowsAsync<TransactionRefusedException>(
                () => world.Client.Store("payments").Collection<int>("counters").PutAsync("a", 1, Token)),
            cancellationToken: Token);

        Assert.Equal(1, Assert.Single(Assert.Single(world.Home.Commits).Shards).Operations);
    }

    [Fact]
    public async Task GetAsync_NotAT_ThrowsJsonException()
    {
        await using World world = await World.StartAsync();
        await world.Client.RunAsync(
            _ => world.Client.Store("payments").Collection<string>("things").PutAsync("a", "text", Token), cancellationToken: Token);

        await Assert.ThrowsAsync<JsonException>(() => world.Client.Store("payments").Collection<int>("things").GetAsync("a", Token));
    }

    [Fact]
    public async Task GetAsync_RefusedRead_ThrowsTheRefusal()
    {
        await using World world = await World.StartAsync();
        world.Payments.InsteadOfRead = _ => Task.FromResult<ShardAnswer?>(new ShardAnswer.Refused(
            new Refusal(RefusalStatus.FailedPrecondition, RefusalReason.BelowHorizon, "too long ago")));

        var refused = await Assert.ThrowsAsync<TransactionRefusedException>(
            () => world.Client.Store("payments").Collection<int>("things").GetAsync("a", Token));

        Assert.Equal(RefusalReason.BelowHorizon, refused.Refusal.Reason);
    }

    [Theory]
    [InlineData("orders/", "orders/", "orders0")]
    [InlineData("", "", null)]
    [InlineData("a\U0010FFFF", "a\U0010FFFF", "b")]
    [InlineData("\U0010FFFF", "\U0010FFFF", null)]
    [InlineData("\uD7FF", "\uD7FF", "\uE000")]
    [InlineData("\uFFFF", "\uFFFF", "\U00010000")]
    public void Prefix_Any_EndsAboveAllThatBeginWithIt(string prefix, string from, string? to)
    {
        ScanRange range = ScanRange.Prefix(prefix);

        Assert.Equal(new ScanRange(from, to), range);
        KeyRange keys = new("c", range.From, range.To);
        Assert.True(keys.Contains(prefix + "\U0010FFFF\U0010FFFF"));
        Assert.True(keys.Contains(prefix));
    }

    [Fact]
    public async Task Store_NoServiceName_Throws()
    {
        await using World world = await World.StartAsync();

        Assert.Throws<FormatException>(() => world.Client.Store("No Service"));
    }
}
