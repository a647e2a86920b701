using Grpc.Core;
using NodaTime;
using Transactions.Clocks;
using Transactions.Contracts;
using Transactions.Model;
using Transactions.Participant;
using Xunit;

namespace Transactions.Client.Tests.Running;

public sealed class RunTests
{
    private static readonly Account Ada = new("Ada", 100);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    [Trait("Rule", "X1")]
    [Trait("Rule", "X6")]
    public async Task RunAsync_TwoServices_CommitsNamingWhatWasDone()
    {
        await using World world = await World.StartAsync();
        StoreCollection<Account> accounts = world.Client.Store("payments").Collection<Account>("accounts");
        StoreCollection<Account> buyers = world.Client.Store("orders").Collection<Account>("buyers");

        RunResult<int> result = await world.Client.RunAsync(
            async transaction =>
            {
                Assert.Same(transaction, Transaction.Current);
                await accounts.PutAsync("ada", Ada, Token);
                Assert.Equal(Ada, await accounts.GetForUpdateAsync("ada", Token));
                Assert.Null(await buyers.GetAsync("ada", Token));
                return 42;
            },
            cancellationToken: Token);

        Assert.Equal(42, result.Value);
        Assert.Equal(1, result.Attempts);
        Assert.False(result.WasReplay);
        Assert.Null(Transaction.Current);
        CommitOrder order = Assert.Single(world.Home.Commits);
        Assert.Equal(order.Context.Id, result.TransactionId);
        Assert.Equal(
            [
                new CommitShard(new(world.Orders.Shard, new(1)), false, 1),
                new CommitShard(new(world.Payments.Shard, new(1)), true, 2),
            ],
            order.Shards);
        Assert.True(order.Context.Deadline <= order.Context.Id.IssuedAt.Plus(ProtocolLimits.Default.MaxLifetime));
        Assert.Equal(3, world.Payments.Seen.Concat(world.Orders.Seen).Select(s => s.Number).Distinct().Count());
        Assert.Equal(Ada, await accounts.GetAsync("ada", Token));
        Assert.Equal(result.CommitTimestamp, (await accounts.FindAsync("ada", Token))!.CommitTimestamp);
        Assert.Single(world.Home.Hellos);
    }

    [Fact]
    [Trait("Rule", "X1")]
    public async Task RunAsync_LongTimeout_EndsWithTheLongestLifetime()
    {
        await using World world = await World.StartAsync();

        await world.Client.RunAsync(_ => Task.CompletedTask, new() { Timeout = Duration.FromHours(1) }, Token);

        Model.TransactionContext context = Assert.Single(world.Home.Commits).Context;
        Assert.Equal(context.Id.IssuedAt.Plus(ProtocolLimits.Default.MaxLifetime), context.Deadline);
    }

    [Fact]
    [Trait("Rule", "X4")]
    public async Task RunAsync_WoundedAtCommit_RunsAgainWithTheFirstPriority()
    {
        await using World world = await World.StartAsync();
        world.Home.Verdicts.Enqueue(Outcome.Aborted(AbortReason.Wounded));
        world.Home.Verdicts.Enqueue(Outcome.Aborted(AbortReason.VoteTimeout));
        int runs = 0;

        CommitReceipt receipt = await world.Client.RunAsync(_ => Task.FromResult(++runs), cancellationToken: Token) is { } result
            ? result.Receipt
            : null!;

        Assert.Equal(3, runs);
        Assert.Equal(3, receipt.Attempts);
        Assert.Equal(3, world.Home.Commits.Select(c => c.Context.Id).Distinct().Count());
        Assert.Single(world.Home.Commits.Select(c => c.Context.Priority).Distinct());
    }

    [Fact]
    [Trait("Rule", "X2")]
    [Trait("Rule", "X4")]
    public async Task RunAsync_WoundedAtAnOperation_AbortsAndRunsAgain()
    {
        await using World world = await World.StartAsync();
        int refusals = 1;
        world.Payments.Instead = (_, _) => Task.FromResult<ShardAnswer?>(
            refusals-- > 0 ? new ShardAnswer.Refused(Refusal.Aborted(AbortReason.Wounded, "wounded")) : null);

        CommitReceipt receipt = await world.Client.RunAsync(PutAda(world), cancellationToken: Token);

        Assert.Equal(2, receipt.Attempts);
        TransactionId aborted = Assert.Single(world.Home.Aborts);
        Assert.NotEqual(aborted, receipt.TransactionId);
        Assert.Single(world.Home.Commits);
    }

    [Fact]
    [Trait("Rule", "X2")]
    public async Task RunAsync_BodySwallowsTheAbort_NeverCommitsThatAttempt()
    {
        await using World world = await World.StartAsync();
        int refusals = 1;
        world.Payments.Instead = (_, _) => Task.FromResult<ShardAnswer?>(
            refusals-- > 0 ? new ShardAnswer.Refused(Refusal.Aborted(AbortReason.Wounded, "wounded")) : null);

        CommitReceipt receipt = await world.Client.RunAsync(
            async _ =>
            {
                try
                {
                    await PutAda(world)(_);
                }
                catch (TransactionAbortedException)
                {
                    // A handler that means well.
                }
            },
            cancellationToken: Token);

        Assert.Equal(2, receipt.Attempts);
        Assert.Equal(receipt.TransactionId, Assert.Single(world.Home.Commits).Context.Id);
    }

    [Fact]
    [Trait("Rule", "X2")]
    public async Task RunAsync_RefusedOperationCaught_CommitsWithoutIt()
    {
        await using World world = await World.StartAsync();
        world.Payments.Instead = (_, _) => Task.FromResult<ShardAnswer?>(new ShardAnswer.Refused(Refusal.Invalid("value", "too large")));

        CommitReceipt receipt = await world.Client.RunAsync(
            async transaction => Assert.Equal(
                "value", (await Assert.ThrowsAsync<TransactionRefusedException>(() => PutAda(world)(transaction))).Refusal.Field),
            cancellationToken: Token);

        Assert.Equal(1, receipt.Attempts);
        Assert.Empty(Assert.Single(world.Home.Commits).Shards);
    }

    [Fact]
    public async Task RunAsync_BodyThrows_AbortsAndThrowsTheSame()
    {
        await using World world = await World.StartAsync();
        FormatException thrown = new("the body's own");

        FormatException caught = await Assert.ThrowsAsync<FormatException>(() => world.Client.RunAsync(
            async transaction =>
            {
                await PutAda(world)(transaction);
                throw thrown;
            },
            cancellationToken: Token));

        Assert.Same(thrown, caught);
        Assert.Single(world.Home.Aborts);
        Assert.Empty(world.Home.Commits);
    }

    [Fact]
    public async Task RunAsync_NoAttemptLeft_ThrowsAbortedWithTheReason()
    {
        await using World world = await World.StartAsync();
        RetryPolicy twice = new() { MaxAttempts = 2 };
        world.Home.Verdicts.Enqueue(Outcome.Aborted(AbortReason.Wounded));
        world.Home.Verdicts.Enqueue(Outcome.Aborted(AbortReason.Wounded));

        var aborted = await Assert.ThrowsAsync<TransactionAbortedException>(
            () => world.Client.RunAsync(_ => Task.CompletedTask, new() { Retry = twice }, Token));

        Assert.Equal(AbortReason.Wounded, aborted.Reason);
        Assert.True(aborted.MayRetry);
        Assert.Equal(2, world.Home.Commits.Count);
    }

    [Fact]
    public async Task RunAsync_ReasonThatNoRetryMends_ThrowsAtOnce()
    {
        await using World world = await World.StartAsync();
        world.Home.Verdicts.Enqueue(Outcome.Aborted(AbortReason.StorageRefused));

        var aborted = await Assert.ThrowsAsync<TransactionAbortedException>(
            () => world.Client.RunAsync(_ => Task.CompletedTask, cancellationToken: Token));

        Assert.Equal(AbortReason.StorageRefused, aborted.Reason);
        Assert.Single(world.Home.Commits);
    }

    [Fact]
    [Trait("Rule", "X5")]
    public async Task RunAsync_DeadlinePassesInTheBody_AbortsForIt()
    {
        await using World world = await World.StartAsync();

        var aborted = await Assert.ThrowsAsync<TransactionAbortedException>(() => world.Client.RunAsync(
            transaction => Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, transaction.CancellationToken),
            new() { Timeout = Duration.FromMilliseconds(200) },
            Token));

        Assert.Equal(AbortReason.DeadlinePassed, aborted.Reason);
        Assert.False(aborted.MayRetry);
        Assert.Empty(world.Home.Commits);
        Assert.Single(world.Home.Aborts);
    }

    [Fact]
    public async Task RunAsync_ConflictsWithoutEnd_StopsAtTheDeadline()
    {
        await using World world = await World.StartAsync();
        for (int i = 0; i < 1_000; i++)
        {
            world.Home.Verdicts.Enqueue(Outcome.Aborted(AbortReason.Wounded));
        }

        long startedAt = TimeProvider.System.GetTimestamp();
        RetryPolicy policy = new() { BaseDelay = Duration.FromMilliseconds(20), MaxDelay = Duration.FromMilliseconds(20), MaxAttempts = 10_000 };
        await Assert.ThrowsAsync<TransactionAbortedException>(() => world.Client.RunAsync(
            _ => Task.CompletedTask, new() { Timeout = Duration.FromMilliseconds(500), Retry = policy }, Token));

        Assert.True(TimeProvider.System.GetElapsedTime(startedAt) < TimeSpan.FromSeconds(10));
        Assert.InRange(world.Home.Commits.Count, 2, 999);
    }

    [Fact]
    [Trait("Rule", "X2")]
    public async Task RunAsync_CallLeftInFlight_AbortsAndSaysWhich()
    {
        await using World world = await World.StartAsync();
        TaskCompletionSource<ShardAnswer?> never = new();
        world.Payments.Instead = (_, _) => never.Task;

        var left = await Assert.ThrowsAsync<InvalidOperationException>(() => world.Client.RunAsync(
            transaction =>
            {
                _ = PutAda(world)(transaction);
                return Task.CompletedTask;
            },
            cancellationToken: Token));

        Assert.Contains("Put on payments/0", left.Message, StringComparison.Ordinal);
        Assert.Empty(world.Home.Commits);
        Assert.Single(world.Home.Aborts);
    }

    [Fact]
    public async Task RunAsync_InsideOfAnother_IsRefusedUnlessSuppressed()
    {
        await using World world = await World.StartAsync();

        await world.Client.RunAsync(
            async outer =>
            {
                await Assert.ThrowsAsync<InvalidOperationException>(() => world.Client.RunAsync(_ => Task.CompletedTask, null, Token));
                using (Transaction.Suppress())
                {
                    Assert.Null(Transaction.Current);
                    CommitReceipt inner = await world.Client.RunAsync(_ => Task.CompletedTask, null, Token);
                    Assert.NotEqual(outer.Id, inner.TransactionId);
                }

                Assert.Same(outer, Transaction.Current);
            },
            cancellationToken: Token);

        Assert.Equal(2, world.Home.Commits.Count);
    }

    [Fact]
    public async Task RunAsync_CancelledInTheBody_AbortsAndThrowsCancelled()
    {
        await using World world = await World.StartAsync();
        using CancellationTokenSource cancel = new();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => world.Client.RunAsync(
            async transaction =>
            {
                await cancel.CancelAsync();
                transaction.CancellationToken.ThrowIfCancellationRequested();
            },
            cancellationToken: cancel.Token));

        Assert.Empty(world.Home.Commits);
        Assert.Single(world.Home.Aborts);
    }

    [Fact]
    [Trait("Rule", "X2")]
    public async Task RunAsync_OperationCancelled_DoomsEvenIfTheBodyGoesOn()
    {
        await using World world = await World.StartAsync();
        using CancellationTokenSource cancel = new(TimeSpan.FromMilliseconds(50));
        bool isFirst = true;
        world.Payments.Instead = async (_, token) =>
        {
            if (isFirst)
            {
                isFirst = false;
                await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, token);
            }

            return null;
        };

        CommitReceipt receipt = await world.Client.RunAsync(
            async _ =>
            {
                try
                {
                    await world.Client.Store("payments").Collection<Account>("accounts").PutAsync("ada", Ada, cancel.Token);
                }
                catch (OperationCanceledException) when (world.Home.Aborts.IsEmpty)
                {
                    // Gone on without knowing what it did.
                }
                catch (OperationCanceledException)
                {
                    // The token stays fired: nothing is sent any more.
                }
            },
            cancellationToken: Token);

        Assert.Equal(2, receipt.Attempts);
        Assert.Single(world.Home.Commits);
    }

    [Fact]
    [Trait("Rule", "X2")]
    public async Task RunAsync_ShardUnreachableAfterSending_DoomsAndRunsAgain()
    {
        await using World world = await World.StartAsync();
        int failures = 1;
        world.Payments.Instead = (_, _) => failures-- > 0
            ? throw new ShardUnreachableException(world.Payments.Shard, wasSent: true, "broke")
            : Task.FromResult<ShardAnswer?>(null);

        CommitReceipt receipt = await world.Client.RunAsync(PutAda(world), cancellationToken: Token);

        Assert.Equal(2, receipt.Attempts);
        Assert.Single(world.Home.Aborts);
    }

    [Fact]
    [Trait("Rule", "X2")]
    public async Task RunAsync_ShardUnreachableBeforeSending_AsksAgainUnderTheSameNumber()
    {
        await using World world = await World.StartAsync();
        int failures = 2;
        world.Payments.Instead = (_, _) => failures-- > 0
            ? throw new ShardUnreachableException(world.Payments.Shard, wasSent: false, "not connected")
            : Task.FromResult<ShardAnswer?>(null);

        CommitReceipt receipt = await world.Client.RunAsync(PutAda(world), cancellationToken: Token);

        Assert.Equal(1, receipt.Attempts);
        Assert.Equal(3, world.Payments.Seen.Count);
        Assert.Single(world.Payments.Seen.Select(s => s.Number).Distinct());
        Assert.Equal(1, Assert.Single(Assert.Single(world.Home.Commits).Shards).Operations);
    }

    [Fact]
    [Trait("Rule", "X6")]
    public async Task RunAsync_OwnerChangesInside_RunsAgain()
    {
        await using World world = await World.StartAsync();
        int runs = 0;

        CommitReceipt receipt = await world.Client.RunAsync(
            async transaction =>
            {
                runs++;
                await PutAda(world)(transaction);
                if (runs == 1)
                {
                    world.Payments.Generation = new(2);
                }

                await PutAda(world)(transaction);
            },
            cancellationToken: Token);

        Assert.Equal(2, receipt.Attempts);
        Assert.Equal(new Generation(2), Assert.Single(Assert.Single(world.Home.Commits).Shards).Owner.Generation);
    }

    [Fact]
    public async Task RunAsync_CommitRefusedForGood_AbortsAndThrowsTheRefusal()
    {
        await using World world = await World.StartAsync();
        world.Home.CommitRefusals.Enqueue(Refusal.Invalid("result", "result is too large"));

        var refused = await Assert.ThrowsAsync<TransactionRefusedException>(
            () => world.Client.RunAsync(_ => Task.CompletedTask, cancellationToken: Token));

        Assert.Equal("result", refused.Refusal.Field);
        Assert.Single(world.Home.Aborts);
    }

    [Fact]
    [Trait("Rule", "D4")]
    public async Task RunAsync_NothingWritten_RunsAgain()
    {
        await using World world = await World.StartAsync();
        world.Home.CommitRefusals.Enqueue(new(RefusalStatus.FailedPrecondition, RefusalReason.NothingWritten, "run it again"));

        CommitReceipt receipt = await world.Client.RunAsync(_ => Task.CompletedTask, cancellationToken: Token);

        Assert.Equal(2, receipt.Attempts);
    }

    [Fact]
    public async Task BeginAsync_Committed_ThenOver()
    {
        await using World world = await World.StartAsync();
        await using RootTransaction transaction = await world.Client.BeginAsync(cancellationToken: Token);
        Assert.Null(Transaction.Current);
        using (transaction.Use())
        {
            await PutAda(world)(transaction);
        }

        CommitReceipt receipt = await transaction.CommitAsync(Token);

        Assert.Equal(transaction.Id, receipt.TransactionId);
        await Assert.ThrowsAsync<InvalidOperationException>(() => transaction.CommitAsync(Token));
        await transaction.AbortAsync(Token);
        Assert.Empty(world.Home.Aborts);
    }

    [Fact]
    public async Task DisposeAsync_NotCommitted_Aborts()
    {
        await using World world = await World.StartAsync();
        TransactionId id;
        await using (RootTransaction transaction = await world.Client.BeginAsync(cancellationToken: Token))
        {
            id = transaction.Id;
            await world.Client.Store("payments", transaction).Collection<Account>("accounts").PutAsync("ada", Ada, Token);
        }

        Assert.Equal(id, Assert.Single(world.Home.Aborts));
        Assert.Empty(world.Home.Commits);
    }

    [Fact]
    [Trait("Rule", "X2")]
    public async Task CommitAsync_CallInFlight_ChangesNothing()
    {
        await using World world = await World.StartAsync();
        TaskCompletionSource<ShardAnswer?> held = new();
        world.Payments.Instead = (_, _) => held.Task;
        await using RootTransaction transaction = await world.Client.BeginAsync(cancellationToken: Token);
        Task put = world.Client.Store("payments", transaction).Collection<Account>("accounts").PutAsync("ada", Ada, Token);

        await Assert.ThrowsAsync<InvalidOperationException>(() => transaction.CommitAsync(Token));
        held.SetResult(null);
        await put;
        await transaction.CommitAsync(Token);

        Assert.Equal(1, Assert.Single(Assert.Single(world.Home.Commits).Shards).Operations);
    }

    [Fact]
    public async Task AbortAsync_ThenOperation_IsRefused()
    {
        await using World world = await World.StartAsync();
        await using RootTransaction transaction = await world.Client.BeginAsync(cancellationToken: Token);
        await transaction.AbortAsync(Token);

        await Assert.ThrowsAsync<TransactionAbortedException>(
            () => world.Client.Store("payments", transaction).Collection<Account>("accounts").PutAsync("ada", Ada, Token));
        Assert.Empty(world.Payments.Seen);
    }

    private static Func<Transaction, Task> PutAda(World world) =>
        _ => world.Client.Store("payments").Collection<Account>("accounts").PutAsync("ada", Ada, Token);
}
