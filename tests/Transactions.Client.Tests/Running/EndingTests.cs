using Grpc.Core;
using NodaTime;
using Transactions.Contracts;
using Transactions.Model;
using Xunit;

namespace Transactions.Client.Tests.Running;

public sealed class EndingTests
{
    private static readonly RpcException Lost = new(new Status(StatusCode.Unavailable, "lost by the test"));

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    [Trait("Rule", "D4")]
    public async Task Commit_ReplyLost_ResolvesNamingTheSetAndTheKey()
    {
        await using World world = await World.StartAsync();
        bool isFirst = true;
        world.Home.AfterDecision = _ => isFirst && !(isFirst = false) ? throw Lost : Task.CompletedTask;

        RunResult<int> result = await world.Client.RunAsync(
            async transaction =>
            {
                await PutAsync(world);
                return 7;
            },
            new() { IdempotencyKey = "once" },
            Token);

        Assert.Equal(7, result.Value);
        Assert.Equal(1, result.Attempts);
        Assert.False(result.WasReplay);
        CommitOrder commit = Assert.Single(world.Home.Commits);
        CommitOrder resolve = Assert.Single(world.Home.Resolves);
        Assert.Equal(commit.Shards, resolve.Shards);
        Assert.Equal(commit.Key, resolve.Key);
        Assert.Equal(commit.Context, resolve.Context);
    }

    [Fact]
    [Trait("Rule", "D4")]
    public async Task Commit_RequestLost_IsEndedByResolveAndRunAgain()
    {
        await using World world = await World.StartAsync();
        bool isFirst = true;
        world.Home.BeforeDecision = _ => isFirst && !(isFirst = false) ? throw Lost : Task.CompletedTask;

        CommitReceipt receipt = await world.Client.RunAsync(_ => PutAsync(world), cancellationToken: Token);

        Assert.Equal(2, receipt.Attempts);
        Assert.Single(world.Home.Resolves);
        Assert.Equal(AbortReason.Resolved, world.Log.Find(world.Home.Commits.First().Context.Id)!.Outcome.Reason);
    }

    [Fact]
    [Trait("Rule", "D4")]
    public async Task Commit_HomeDies_AnotherCoordinatorResolves()
    {
        await using World world = await World.StartAsync(coordinators: 2);
        world.Home.AfterDecision = _ => throw Lost;
        world.Home.ResolveRefusals.Enqueue(Refusal.Unavailable(RefusalReason.StorageUnavailable, "the log is away"));

        CommitReceipt receipt = await world.Client.RunAsync(_ => PutAsync(world), cancellationToken: Token);

        Assert.Equal(1, receipt.Attempts);
        Assert.Single(world.Coordinators[0].Resolves);
        Assert.Single(world.Coordinators[1].Resolves);
    }

    [Fact]
    [Trait("Rule", "D4")]
    [Trait("Rule", "X11")]
    public async Task Commit_UnavailableForAWhile_AsksAgainUntilAnAnswer()
    {
        await using World world = await World.StartAsync();
        world.Home.CommitRefusals.Enqueue(Refusal.Unavailable(RefusalReason.OutcomePending, "a shard decides"));
        world.Home.ResolveRefusals.Enqueue(Refusal.Unavailable(RefusalReason.OutcomePending, "a shard decides"));
        world.Home.ResolveRefusals.Enqueue(Refusal.Unavailable(RefusalReason.PeerUnavailable, "a shard is away"));
        Task<CommitReceipt> running = world.Client.RunAsync(
            _ => PutAsync(world), new() { Retry = new() { MaxAttempts = 1 } }, Token);

        var aborted = await Assert.ThrowsAsync<TransactionAbortedException>(() => running);

        Assert.Equal(AbortReason.Resolved, aborted.Reason);
        Assert.Equal(3, world.Home.Resolves.Count);
    }

    [Fact]
    public async Task Commit_Cancelled_IsInDoubtAndCanBeAskedFor()
    {
        await using World world = await World.StartAsync();
        using CancellationTokenSource cancel = new();
        TaskCompletionSource goOn = new();
        world.Home.BeforeDecision = async _ =>
        {
            await cancel.CancelAsync();
            await goOn.Task;
        };

        var inDoubt = await Assert.ThrowsAsync<TransactionInDoubtException>(
            () => world.Client.RunAsync(_ => PutAsync(world), cancellationToken: cancel.Token));

        Assert.Contains($"GetOutcomeAsync({inDoubt.TransactionId})", inDoubt.Message, StringComparison.Ordinal);
        Assert.Null(await world.Client.GetOutcomeAsync(inDoubt.TransactionId, Token));
        goOn.SetResult();
        Outcome? outcome = null;
        while (outcome is null)
        {
            outcome = await world.Client.GetOutcomeAsync(inDoubt.TransactionId, Token);
        }

        Assert.True(outcome.Value.IsCommitted);
        Assert.Empty(world.Home.Aborts);
    }

    [Fact]
    public async Task Commit_ClientDisposedMeanwhile_IsInDoubt()
    {
        await using World world = await World.StartAsync();
        TaskCompletionSource committing = new(TaskCreationOptions.RunContinuationsAsynchronously);
        TaskCompletionSource goOn = new(TaskCreationOptions.RunContinuationsAsynchronously);
        world.Home.BeforeDecision = async _ =>
        {
            committing.TrySetResult();
            await goOn.Task;
        };
        Task<CommitReceipt> running = world.Client.RunAsync(_ => PutAsync(world), cancellationToken: Token);
        await committing.Task;

        await world.Client.DisposeAsync();

        var inDoubt = await Assert.ThrowsAsync<TransactionInDoubtException>(
            () => running.WaitAsync(TimeSpan.FromSeconds(30), TimeProvider.System, Token));
        Assert.IsType<ObjectDisposedException>(inDoubt.InnerException);
        Assert.Contains("disposed", inDoubt.Message, StringComparison.Ordinal);

        // Whoever asks learns it.
        goOn.SetResult();
        TransactionClient other = world.MakeClient();
        Outcome? outcome = null;
        while (outcome is null)
        {
            outcome = await other.GetOutcomeAsync(inDoubt.TransactionId, Token);
        }

        Assert.True(outcome.Value.IsCommitted);
    }

    [Fact]
    [Trait("Rule", "D4")]
    public async Task CommitAsync_AgainAfterDoubt_LearnsTheOutcome()
    {
        await using World world = await World.StartAsync();
        using CancellationTokenSource cancel = new();
        world.Home.AfterDecision = async _ =>
        {
            world.Home.AfterDecision = null;
            await cancel.CancelAsync();
            throw Lost;
        };
        await using RootTransaction transaction = await world.Client.BeginAsync(cancellationToken: Token);
        await Assert.ThrowsAsync<TransactionInDoubtException>(() => transaction.CommitAsync(cancel.Token));
        Assert.Throws<InvalidOperationException>(() => { _ = transaction.AbortAsync(Token); });

        CommitReceipt receipt = await transaction.CommitAsync(Token);

        Assert.Equal(transaction.Id, receipt.TransactionId);
        Assert.Single(world.Home.Commits);
        Assert.Single(world.Home.Resolves);
    }

    [Fact]
    public async Task Commit_NoAnswerForTooLong_IsInDoubt()
    {
        await using World world = await World.StartAsync(configure: o =>
        {
            o.CallTimeout = TimeSpan.FromMilliseconds(100);
            o.OutcomeWait = TimeSpan.FromMilliseconds(500);
        });
        TaskCompletionSource never = new();
        world.Home.BeforeDecision = _ => never.Task;
        for (int i = 0; i < 1_000; i++)
        {
            world.Home.ResolveRefusals.Enqueue(Refusal.Unavailable(RefusalReason.OutcomePending, "wait"));
        }

        await Assert.ThrowsAsync<TransactionInDoubtException>(
            () => world.Client.RunAsync(_ => PutAsync(world), cancellationToken: Token));
        never.SetResult();
    }

    [Fact]
    [Trait("Rule", "D5")]
    public async Task Commit_RecordExpired_SaysThatNobodyKnows()
    {
        await using World world = await World.StartAsync();
        world.Home.CommitRefusals.Enqueue(new(RefusalStatus.FailedPrecondition, RefusalReason.Expired, "too long ago"));

        var inDoubt = await Assert.ThrowsAsync<TransactionInDoubtException>(
            () => world.Client.RunAsync(_ => PutAsync(world), cancellationToken: Token));

        Assert.Contains("retention", inDoubt.Message, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Rule", "X1")]
    public async Task Commit_RedirectedToAnother_GoesThere()
    {
        await using World world = await World.StartAsync(coordinators: 2);
        world.Home.Others = [new("c1", world.Hosts[1].Address.ToString())];
        world.Home.CommitRefusals.Enqueue(new Refusal(RefusalStatus.FailedPrecondition, RefusalReason.OtherCoordinator, "not mine")
        {
            Redirect = "c1",
        });
        TransactionClient knowsOne = world.MakeClient(configure: o => o.Coordinators.RemoveAt(1));

        // c1 finds that it isn't its own and ends it, which runs it again at home.
        CommitReceipt receipt = await knowsOne.RunAsync(_ => Task.CompletedTask, cancellationToken: Token);

        Assert.Single(world.Coordinators[1].Commits);
        Assert.Equal(2, receipt.Attempts);
    }

    [Fact]
    [Trait("Rule", "X1")]
    public async Task Begin_CoordinatorRestarted_SaysHelloAgain()
    {
        await using World world = await World.StartAsync();
        await world.Client.RunAsync(_ => Task.CompletedTask, cancellationToken: Token);
        world.Home.Id = world.Home.Id with { Incarnation = new(17) };

        CommitReceipt receipt = await world.Client.RunAsync(_ => Task.CompletedTask, cancellationToken: Token);

        Assert.Equal(2, receipt.Attempts);
        Assert.Equal(2, world.Home.Hellos.Count);
        Assert.Equal(new Incarnation(17), world.Home.Commits.Last().Context.Coordinator.Incarnation);
    }

    [Fact]
    public async Task Begin_FirstCoordinatorDead_UsesTheNextAndStaysThere()
    {
        await using World world = await World.StartAsync(coordinators: 2);
        await world.Hosts[0].DisposeAsync();

        await world.Client.RunAsync(_ => Task.CompletedTask, cancellationToken: Token);
        await world.Client.RunAsync(_ => Task.CompletedTask, cancellationToken: Token);

        Assert.Equal(2, world.Coordinators[1].Commits.Count);
        Assert.Single(world.Coordinators[1].Hellos);
    }

    [Fact]
    public async Task Begin_NoCoordinatorAnswers_IsRefusedNamingThem()
    {
        await using World world = await World.StartAsync();
        await world.Hosts[0].DisposeAsync();

        var refused = await Assert.ThrowsAsync<TransactionRefusedException>(() => world.Client.RunAsync(
            _ => Task.CompletedTask, new() { Timeout = Duration.FromMilliseconds(300) }, Token));

        Assert.Equal(RefusalReason.PeerUnavailable, refused.Refusal.Reason);
        Assert.Contains(world.Hosts[0].Address.ToString(), refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Rule", "T5")]
    public async Task Begin_OtherCluster_IsRefusedNamingBoth()
    {
        await using World world = await World.StartAsync(configure: o => o.Cluster = "elsewhere");

        var refused = await Assert.ThrowsAsync<TransactionRefusedException>(
            () => world.Client.RunAsync(_ => Task.CompletedTask, cancellationToken: Token));

        Assert.Equal(RefusalReason.ClusterMismatch, refused.Refusal.Reason);
        Assert.Contains("elsewhere", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(60)]
    [InlineData(-60)]
    [Trait("Rule", "X1")]
    public async Task Begin_OwnClockOff_SaysByHowMuch(int secondsAhead)
    {
        await using World world = await World.StartAsync();
        world.Home.Offset = Duration.FromSeconds(-secondsAhead);

        var off = await Assert.ThrowsAsync<ClientClockException>(
            () => world.Client.RunAsync(_ => Task.CompletedTask, cancellationToken: Token));

        Assert.InRange(off.Offset.TotalSeconds / secondsAhead, 0.5, 1.01);
        Assert.Contains("chronyc", off.Message, StringComparison.Ordinal);
        world.Home.Offset = Duration.Zero;
        await world.Client.RunAsync(_ => Task.CompletedTask, cancellationToken: Token);
    }

    [Fact]
    public async Task Heartbeats_TransactionEndedElsewhere_StopsTheBodyAndRunsAgain()
    {
        await using World world = await World.StartAsync(configure: o => o.HeartbeatInterval = TimeSpan.FromMilliseconds(20));
        int runs = 0;

        CommitReceipt receipt = await world.Client.RunAsync(
            async transaction =>
            {
                if (runs++ == 0)
                {
                    world.Home.EndsAtHeartbeat[transaction.Id] = AbortReason.Wounded;
                    await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, transaction.CancellationToken);
                }
            },
            cancellationToken: Token);

        Assert.Equal(2, receipt.Attempts);
        Assert.Contains(world.Home.Aborts.Single(), world.Home.Heartbeats);
    }

    [Fact]
    public async Task Heartbeats_AfterTheEnd_Stop()
    {
        await using World world = await World.StartAsync(configure: o => o.HeartbeatInterval = TimeSpan.FromMilliseconds(20));
        CommitReceipt first = await world.Client.RunAsync(_ => WaitForHeartbeatAsync(world, 1), cancellationToken: Token);
        int seen = world.Home.Heartbeats.Count(id => id == first.TransactionId);

        await world.Client.RunAsync(_ => WaitForHeartbeatAsync(world, seen + 3), cancellationToken: Token);

        // One may have been on its way.
        Assert.InRange(world.Home.Heartbeats.Count(id => id == first.TransactionId), seen, seen + 1);
    }

    private static async Task WaitForHeartbeatAsync(World world, int count)
    {
        while (world.Home.Heartbeats.Count < count)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System, Token);
        }
    }

    private static Task PutAsync(World world) =>
        world.Client.Store("payments").Collection<Account>("accounts").PutAsync("ada", new("Ada", 1), Token);
}
