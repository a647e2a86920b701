using System.Diagnostics;
using Grpc.Core;
using Transactions.Clocks;
using Transactions.Contracts;
using Transactions.Model;
using Xunit;
using Asked = Transactions.Contracts.V1.ClientRequest.BodyOneofCase;

namespace Transactions.Client.Tests.Coordinators;

// Over real streams: what is asked of a coordinator, on how many of them, and what a broken one says of it.
public sealed class CoordinatorStreamTests : IAsyncLifetime
{
    private static readonly RpcException Cut = new(new Status(StatusCode.Unavailable, "cut by the test"));

    private World _world = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private FakeCoordinator Home => _world.Home;

    public async ValueTask InitializeAsync() => _world = await World.StartAsync();

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task Requests_OfAllKinds_GoOverOneStream()
    {
        TransactionClient client = _world.MakeClient(configure: o => o.HeartbeatInterval = TimeSpan.FromMilliseconds(10));
        await using (await client.BeginAsync(cancellationToken: Token))
        {
            await UntilAsync(() => !Home.Heartbeats.IsEmpty);
        }

        CommitReceipt receipt = await RunPutAsync(client);
        Assert.NotNull(await client.GetOutcomeAsync(receipt.TransactionId, Token));
        Assert.True((await client.SnapshotAsync(cancellationToken: Token)).ReadTimestamp > Timestamp.Zero);

        Assert.Equal(1, Home.Streams);
        Assert.Equal(
            [Asked.Commit, Asked.Abort, Asked.Heartbeat, Asked.GetOutcome, Asked.GetTimestamp],
            Home.Requests.Select(r => r.BodyCase).Distinct().Order());
    }

    [Fact]
    public async Task GetOutcome_ManyAtOnce_GoInBatches()
    {
        TaskCompletionSource goOn = new();
        Home.BeforeReading = _ => goOn.Task;
        Task<Outcome?>[] asked = [.. Enumerable.Range(0, 3_000).Select(_ => AskAsync())];
        await UntilAsync(() => !Home.BatchSizes.IsEmpty);

        goOn.SetResult();
        await Task.WhenAll(asked);

        Assert.Equal(asked.Length, Home.BatchSizes.Sum());
        Assert.InRange(Home.BatchSizes.Max(), 2, WireLimits.MaxFramesPerMessage);
        Assert.Equal(1, Home.Streams);
    }

    [Fact]
    public async Task Commits_ManyResultsAtOnce_NoMessageIsLargerThanAllowed()
    {
        TaskCompletionSource goOn = new();
        int largest = 0;
        Home.BeforeReading = message =>
        {
            largest = message.Requests.Count > 1 ? Math.Max(largest, message.CalculateSize()) : largest;
            return goOn.Task;
        };
        string result = new('r', 200_000);

        Task<RunResult<string>>[] runs = [.. Enumerable.Range(0, 20).Select(i => _world.Client.RunAsync(
            async _ =>
            {
                await _world.Client.Store("payments").Collection<int>("counters").PutAsync($"k{i}", 1, Token);
                return result;
            },
            new() { IdempotencyKey = $"key{i}" },
            Token))];
        await UntilAsync(() => !Home.BatchSizes.IsEmpty);
        goOn.SetResult();
        await Task.WhenAll(runs);

        Assert.InRange(largest, 400_000, WireLimits.MaxMessageBytes);
    }

    [Fact]
    [Trait("Rule", "D4")]
    public async Task Commit_StreamBreaksBeforeTheReply_IsResolvedAndNeverTakenForAborted()
    {
        Home.BeforeReading = BreakOnce(Asked.Commit, decides: true);

        CommitReceipt receipt = await RunPutAsync(_world.Client);

        Assert.Equal(1, receipt.Attempts);
        Assert.Equal(1, await _world.Client.Store("payments").Collection<int>("counters").GetAsync("a", Token));
        Assert.Single(Home.Resolves);
        Assert.Empty(Home.Aborts);
        Assert.Equal(2, Home.Streams);
    }

    [Fact]
    [Trait("Rule", "D4")]
    public async Task Commit_StreamEndedByARefusal_SaysNothingOfTheCommit()
    {
        Refusal malformed = Refusal.Invalid("requests[7].correlation", "another request of this stream was wrong");
        Home.BeforeReading = BreakOnce(Asked.Commit, decides: true, RefusalMapping.ToRpcException(malformed));

        CommitReceipt receipt = await RunPutAsync(_world.Client);

        // INVALID_ARGUMENT to the Commit itself would have meant that it was never taken up.
        Assert.Equal(1, receipt.Attempts);
        Assert.Single(Home.Resolves);
        Assert.Empty(Home.Aborts);
    }

    [Fact]
    [Trait("Rule", "D4")]
    public async Task Commit_StreamBreaksUndecided_IsEndedByResolveAndRunAgain()
    {
        Home.BeforeReading = BreakOnce(Asked.Commit, decides: false);

        CommitReceipt receipt = await RunPutAsync(_world.Client);

        Assert.Equal(2, receipt.Attempts);
        Assert.Single(Home.Resolves);
    }

    [Fact]
    [Trait("Rule", "D4")]
    public async Task Commits_StreamBreaksWhileTheyWait_OnlyWhatWasSentIsResolved()
    {
        const int Runs = 6;
        bool isFirst = true;
        TaskCompletionSource breaks = new();
        Home.BeforeReading = async message =>
        {
            if (isFirst && message.Requests[0].BodyCase == Asked.Commit)
            {
                isFirst = false;
                await breaks.Task;
                throw Cut;
            }
        };
        int committing = 0;
        using Activity test = new("test");
        using ActivityListener listener = new()
        {
            ShouldListenTo = source => source.Name == "Transactions.Client",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStarted = activity =>
            {
                if (activity.OperationName == "transaction.commit" && activity.TraceId == test.TraceId)
                {
                    Interlocked.Increment(ref committing);
                }
            },
        };
        ActivitySource.AddActivityListener(listener);
        test.Start();

        // One is read, and one more is on its way: as long as the first isn't taken, there is no room for the others.
        string result = new('r', WireLimits.MaxResultBytes - 100);
        Task<RunResult<string>>[] runs = [.. Enumerable.Range(0, Runs).Select(i => _world.Client.RunAsync(
            async _ =>
            {
                await PutAsync(_world.Client);
                return result;
            },
            new() { IdempotencyKey = $"key{i}" },
            Token))];
        await UntilAsync(() => Volatile.Read(ref committing) >= Runs);
        breaks.SetResult();
        await Task.WhenAll(runs);

        Assert.InRange(Home.Resolves.Count, 1, 2);
        Assert.Equal(Home.Resolves.Count, runs.Count(r => r.Result.Attempts == 2));
        Assert.Equal(Runs - Home.Resolves.Count, runs.Count(r => r.Result.Attempts == 1));
        Assert.Equal(2, Home.Streams);
    }

    [Fact]
    public async Task Commit_Cancelled_TellsTheCoordinatorThatNobodyWaits()
    {
        TaskCompletionSource goOn = new();
        using CancellationTokenSource cancel = new();
        Home.BeforeDecision = async _ =>
        {
            await cancel.CancelAsync();
            await goOn.Task;
        };

        await Assert.ThrowsAsync<TransactionInDoubtException>(() => _world.Client.RunAsync(_ => PutAsync(_world.Client), cancellationToken: cancel.Token));

        await UntilAsync(() => Home.Requests.Any(r => r.BodyCase == Asked.Cancel));
        Assert.Equal(
            Home.Requests.Single(r => r.BodyCase == Asked.Commit).Correlation, Home.Requests.Single(r => r.BodyCase == Asked.Cancel).Correlation);
        goOn.SetResult();
        await UntilAsync(() => _world.Log.Find(Home.Commits.Single().Context.Id) is not null);
        Assert.Empty(Home.Aborts);
    }

    [Fact]
    public async Task Request_AnsweredByAnotherKindOfReply_IsLost()
    {
        bool isFirst = true;
        Home.Instead = request => request.BodyCase == Asked.Commit && isFirst && !(isFirst = false) ? new() { Heartbeat = new() } : null;

        CommitReceipt receipt = await RunPutAsync(_world.Client);

        Assert.Equal(2, receipt.Attempts);
        Assert.Single(Home.Resolves);
    }

    [Fact]
    [Trait("Rule", "T5")]
    public async Task Stream_OfAnotherCluster_IsNotUsed()
    {
        Home.StreamCluster = "elsewhere";

        var refused = await Assert.ThrowsAsync<TransactionRefusedException>(() => _world.Client.GetOutcomeAsync(TransactionId.Create(FakeShard.Now), Token));

        Assert.Contains("'elsewhere'", refused.Message, StringComparison.Ordinal);
        Assert.Empty(Home.Requests);
    }

    [Fact]
    public async Task Stream_RefusedForAWhile_TheCommitWaitsForItsTurn()
    {
        Home.StreamRefusals.Enqueue(Refusal.Limit("streams", "10 clients are connected") with { MayRetry = true });

        CommitReceipt receipt = await RunPutAsync(_world.Client);

        // Nothing was sent, so that nothing has to be resolved.
        Assert.Equal(1, receipt.Attempts);
        Assert.Empty(Home.Resolves);
        Assert.Equal(2, Home.Streams);
    }

    [Fact]
    public async Task Stream_HelloUnanswered_IsLostAfterTheConnectTimeout()
    {
        Home.BeforeWelcome = () => Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, Token);
        TransactionClient client = _world.MakeClient(configure: o => o.ConnectTimeout = TimeSpan.FromSeconds(2));

        var refused = await Assert.ThrowsAsync<TransactionRefusedException>(() => client.GetOutcomeAsync(TransactionId.Create(FakeShard.Now), Token));

        Assert.Contains("Hello", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Request_Unanswered_IsLostAfterTheCallTimeoutAndTheStreamStays()
    {
        TaskCompletionSource never = new();
        TransactionClient client = _world.MakeClient(configure: o => o.CallTimeout = TimeSpan.FromSeconds(2));
        Home.AfterDecision = _ => never.Task;

        CommitReceipt receipt = await RunPutAsync(client);

        Assert.Equal(1, receipt.Attempts);
        Assert.NotEmpty(Home.Resolves);
        Assert.Equal(1, Home.Streams);
        never.SetResult();
    }

    [Fact]
    public async Task Requests_QueueFull_AreRefusedNamingTheLimit()
    {
        TransactionClient client = _world.MakeClient(configure: o => o.MaxQueuedRequests = 1);

        Task<Outcome?>[] asked = [.. Enumerable.Range(0, 50).Select(_ => client.GetOutcomeAsync(TransactionId.Create(FakeShard.Now), Token))];
        Exception?[] failures = await Task.WhenAll(asked.Select(one => Record.ExceptionAsync(() => one).AsTask()));

        Assert.Contains(failures, f => f is null);
        Assert.All(failures.OfType<Exception>(), f => Assert.Contains("MaxQueuedRequests", Assert.IsType<TransactionRefusedException>(f).Message, StringComparison.Ordinal));
        Assert.Contains(failures, f => f is not null);
    }

    [Fact]
    [Trait("Rule", "X1")]
    public async Task Stream_MeetsAnotherLife_TheNextTransactionSaysHelloFirst()
    {
        await using (await _world.Client.BeginAsync(cancellationToken: Token))
        {
        }

        Home.Id = Home.Id with { Incarnation = new Incarnation(77) };
        Home.BeforeReading = BreakOnce(Asked.GetOutcome, decides: false);
        await Record.ExceptionAsync(AskAsync);
        await AskAsync();

        CommitReceipt receipt = await RunPutAsync(_world.Client);

        Assert.Equal(1, receipt.Attempts);
        Assert.Equal(Home.Id, Assert.Single(Home.Commits).Context.Coordinator);
        Assert.Equal(2, Home.Hellos.Count);
    }

    [Fact]
    public async Task Dispose_RequestUnderWay_EndsItsWaiting()
    {
        TaskCompletionSource never = new();
        Home.BeforeReading = _ => never.Task;
        TransactionClient client = _world.MakeClient();
        Task<Outcome?> asked = client.GetOutcomeAsync(TransactionId.Create(FakeShard.Now), Token);
        await UntilAsync(() => !Home.BatchSizes.IsEmpty);

        await client.DisposeAsync();

        await Assert.ThrowsAnyAsync<Exception>(() => asked.WaitAsync(TimeSpan.FromSeconds(20), TimeProvider.System, Token));
        Assert.True(asked.IsFaulted);
        never.SetResult();
    }

    private Func<Contracts.V1.ClientRequests, Task> BreakOnce(Asked kind, bool decides, RpcException? why = null)
    {
        bool isFirst = true;
        return message =>
        {
            Contracts.V1.ClientRequest? request = message.Requests.FirstOrDefault(r => r.BodyCase == kind);
            if (request is null || !isFirst)
            {
                return Task.CompletedTask;
            }

            isFirst = false;
            if (decides)
            {
                Assert.True(CommitMapping.TryRead(request.Commit, new ContextVerifier(_world.Secret, 1), out CommitOrder? order, out _));
                _world.Log.Decide(order, Outcome.Committed(FakeShard.Now));
            }

            throw why ?? Cut;
        };
    }

    private Task<Outcome?> AskAsync() => _world.Client.GetOutcomeAsync(TransactionId.Create(FakeShard.Now), Token);

    private static Task PutAsync(TransactionClient client) => client.Store("payments").Collection<int>("counters").PutAsync("a", 1, Token);

    private static Task<CommitReceipt> RunPutAsync(TransactionClient client) => client.RunAsync(_ => PutAsync(client), cancellationToken: Token);

    private static async Task UntilAsync(Func<bool> condition)
    {
        long startedAt = TimeProvider.System.GetTimestamp();
        while (!condition())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(startedAt) < TimeSpan.FromSeconds(30), "It never came true.");
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, Token);
        }
    }
}
