using System.Text.Json;
using Transactions.Model;
using Xunit;

namespace Transactions.Client.Tests.Running;

[Trait("Rule", "D6")]
public sealed class IdempotencyTests
{
    private static readonly RunOptions Once = new() { IdempotencyKey = "order-17" };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task RunAsync_SameKeyAgain_ReturnsTheStoredResultWithoutRunning()
    {
        await using World world = await World.StartAsync();
        RunResult<Account> first = await world.Client.RunAsync(_ => Task.FromResult(new Account("Ada", 5)), Once, Token);

        RunResult<Account> second = await world.Client.RunAsync<Account>(
            _ => throw new InvalidOperationException("must not run"), Once, Token);

        Assert.Equal(first.Value, second.Value);
        Assert.Equal(first.TransactionId, second.TransactionId);
        Assert.Equal(first.CommitTimestamp, second.CommitTimestamp);
        Assert.True(second.WasReplay);
        Assert.Equal(0, second.Attempts);
        Assert.Single(world.Home.Commits);
    }

    [Fact]
    public async Task RunAsync_TwoAtOnce_TheSecondGetsTheFirstOnesResult()
    {
        await using World world = await World.StartAsync();
        RunResult<Account>? inner = null;

        RunResult<Account> outer = await world.Client.RunAsync(
            async _ =>
            {
                using (Transaction.Suppress())
                {
                    inner = await world.Client.RunAsync(_ => Task.FromResult(new Account("first", 1)), Once, Token);
                }

                return new Account("second", 2);
            },
            Once,
            Token);

        Assert.Equal("first", outer.Value.Owner);
        Assert.True(outer.WasReplay);
        Assert.Equal(inner!.TransactionId, outer.TransactionId);
        Assert.False(inner.WasReplay);
        Assert.Equal(2, world.Home.Commits.Count);
    }

    [Fact]
    public async Task RunAsync_KeyTakenSaysTheAbort_LooksUpTheFirstOnesResult()
    {
        await using World world = await World.StartAsync();
        bool isFirst = true;
        RunResult<Account>? other = null;

        RunResult<Account> result = await world.Client.RunAsync(
            async _ =>
            {
                Assert.True(isFirst, "its second run is answered by the lookup");
                isFirst = false;
                using (Transaction.Suppress())
                {
                    other = await world.Client.RunAsync(_ => Task.FromResult(new Account("first", 1)), Once, Token);
                }

                world.Home.Verdicts.Clear();
                world.Home.CommitRefusals.Enqueue(Refusal.Aborted(AbortReason.IdempotencyKeyTaken, "taken"));
                return new Account("second", 2);
            },
            Once,
            Token);

        Assert.Equal(other!.TransactionId, result.TransactionId);
        Assert.True(result.WasReplay);
    }

    [Fact]
    public async Task RunAsync_CustomJson_StoresWithIt()
    {
        await using World world = await World.StartAsync();
        TransactionClient client = world.MakeClient(configure: o => o.Json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseUpper });

        await client.RunAsync(_ => Task.FromResult(new Account("Ada", 5)), Once, Token);

        Assert.Equal("""{"OWNER":"Ada","BALANCE":5}""", System.Text.Encoding.UTF8.GetString(Assert.Single(world.Home.Commits).Result!.Value.Span));
    }

    [Fact]
    public async Task RunAsync_WithoutResult_StoresNoneAndReplays()
    {
        await using World world = await World.StartAsync();
        int runs = 0;
        Task Body(Transaction transaction)
        {
            runs++;
            return Task.CompletedTask;
        }

        CommitReceipt first = await world.Client.RunAsync(Body, Once, Token);
        CommitReceipt second = await world.Client.RunAsync(Body, Once, Token);

        Assert.Equal(1, runs);
        Assert.Null(Assert.Single(world.Home.Commits).Result);
        Assert.Equal(first with { Attempts = 0, WasReplay = true }, second);
    }

    [Fact]
    public async Task RunAsync_ReplayWithoutAStoredResult_SaysSo()
    {
        await using World world = await World.StartAsync();
        await world.Client.RunAsync(_ => Task.CompletedTask, Once, Token);

        await Assert.ThrowsAsync<InvalidOperationException>(() => world.Client.RunAsync(_ => Task.FromResult(1), Once, Token));
        Assert.Single(world.Home.Commits);
    }

    [Fact]
    public async Task RunAsync_WithoutKey_StoresNoResult()
    {
        await using World world = await World.StartAsync();

        await world.Client.RunAsync(_ => Task.FromResult(1), cancellationToken: Token);

        Assert.Null(Assert.Single(world.Home.Commits).Result);
    }

    [Theory]
    [InlineData("")]
    [InlineData("a\nb")]
    public async Task RunAsync_BadKey_Throws(string key)
    {
        await using World world = await World.StartAsync();

        await Assert.ThrowsAsync<ArgumentException>(() => world.Client.RunAsync(_ => Task.CompletedTask, new() { IdempotencyKey = key }, Token));
        Assert.Empty(world.Home.Hellos);
    }
}
