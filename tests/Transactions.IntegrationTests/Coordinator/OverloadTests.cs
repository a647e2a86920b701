using Grpc.Core;
using NodaTime;
using Transactions.Contracts;
using Transactions.IntegrationTests.Fixtures;
using Transactions.Model;
using Xunit;
using V1 = Transactions.Contracts.V1;

namespace Transactions.IntegrationTests.Coordinator;

/// <summary>Every limit on how much a coordinator holds at once: refused with its name, and everything goes on when there is room.</summary>
[Trait("Rule", "7")]
public sealed class OverloadTests(PostgresFixture postgres)
{
    private static readonly ShardGeneration Left = TestCluster.Shard("load/0");
    private static readonly ShardGeneration Right = TestCluster.Shard("load/1");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task MaxOpenCalls_OneMore_IsRefusedUntilOneIsAnswered()
    {
        await using TestCoordinator coordinator = await ServeAsync(o => o.MaxOpenCalls = 2);
        await using FakeParticipant participant = await FakeParticipant.ConnectAsync(coordinator, Waiting, Left, Right);
        TestClient client = await TestClient.HelloAsync(coordinator);
        TransactionContext first = client.NewContext();
        TransactionContext second = client.NewContext();
        Task<CommitResult>[] held = [client.CommitAsync(first, Both()), client.CommitAsync(second, Both())];
        CoordinatorFrame.Prepare asked = await participant.ExpectAsync<CoordinatorFrame.Prepare>(first.Id);
        await UntilGaugeAsync(coordinator, "calls", 2);
        TransactionContext third = client.NewContext();

        Refusal refusal = await LimitAsync("calls", "MaxOpenCalls", 2, () => client.CommitAsync(third, []));
        await LimitAsync("calls", "MaxOpenCalls", 2, async () => await coordinator.Calls.GetTimestampAsync(new(), cancellationToken: Token));

        Assert.True(refusal.MayRetry);
        await participant.SendAsync(Yes(first.Id, Left, asked), Yes(first.Id, Right, asked), Yes(second.Id, Left, asked), Yes(second.Id, Right, asked));
        Assert.All(await Task.WhenAll(held), result => Assert.True(result.Outcome.IsCommitted));
        Assert.Null(await client.GetOutcomeAsync(third.Id));
        Assert.True((await client.CommitAsync(third, [])).Outcome.IsCommitted);
    }

    [Fact]
    public async Task MaxOpenCalls_CallerWentAway_KeepsItsPlaceUntilTheCoordinatorDroppedIt()
    {
        await using TestCoordinator coordinator = await ServeAsync(o => o.MaxOpenCalls = 1);
        using CancellationTokenSource goesAway = new();
        coordinator.Clock.Hold();
        try
        {
            using AsyncUnaryCall<V1.GetTimestampReply> call = coordinator.Calls.GetTimestampAsync(new(), cancellationToken: goesAway.Token);
            await UntilGaugeAsync(coordinator, "calls", 1);
            await goesAway.CancelAsync();
            await Assert.ThrowsAsync<RpcException>(async () => await call);

            // What it queued is still there: calling and going away again and again mustn't fill the memory.
            await LimitAsync("calls", "MaxOpenCalls", 1, async () => await coordinator.Calls.GetTimestampAsync(
                new(), deadline: Soon(), cancellationToken: Token));
        }
        finally
        {
            coordinator.Clock.Release();
        }

        await UntilGaugeAsync(coordinator, "calls", 0);
        await coordinator.Calls.GetTimestampAsync(new(), cancellationToken: Token);
    }

    [Fact]
    [Trait("Rule", "X3")]
    public async Task MaxUnhandledFrames_CoordinatorIsSlow_TheStreamIsNotReadOnAndNothingIsLost()
    {
        const int Messages = 10;
        await using TestCoordinator coordinator = await ServeAsync(o => o.Streams.MaxUnhandledFrames = 512);
        await using FakeParticipant participant = await FakeParticipant.ConnectAsync(coordinator, Left);
        TransactionId[] asked = [.. Enumerable.Range(0, Messages).Select(_ => TransactionId.Create(TestClient.Now))];
        ShardFrame.Applied filler = new(TransactionId.Create(TestClient.Now), Left);
        coordinator.Clock.Hold();
        try
        {
            foreach (TransactionId id in asked)
            {
                await participant.SendAsync([
                    .. Enumerable.Repeat<ShardFrame>(filler, WireLimits.MaxFramesPerMessage - 1),
                    new ShardFrame.InDoubt(id, Left, new("gone", new Incarnation(1)))]);
            }

            await Eventually.IsTrueAsync(
                () => Task.FromResult(coordinator.ReadGauge("frames.unhandled") >= 512), () => "No frame came in.");
            for (int i = 0; i < 50; i++)
            {
                // A round trip, so that the coordinator has had the time to read on if it did.
                await Refused.FieldAsync("context", async () => await coordinator.Calls.CommitAsync(new(), cancellationToken: Token));
                Assert.InRange(coordinator.ReadGauge("frames.unhandled"), 512, 512 + WireLimits.MaxFramesPerMessage);
            }
        }
        finally
        {
            coordinator.Clock.Release();
        }

        await Eventually.IsTrueAsync(
            () => Task.FromResult(asked.All(id => participant.Received.Any(f => f is CoordinatorFrame.Ended && f.Id == id))),
            () => "Some of what was asked is lost.");

        await UntilGaugeAsync(coordinator, "frames.unhandled", 0);
    }

    [Fact]
    public async Task MaxParticipants_SilentStreamsCountToo()
    {
        await using TestCoordinator coordinator = await ServeAsync(o => o.Streams.MaxParticipants = 1);
        (IDisposable silent, Refusal refusal) = await SilentStream.HoldAsync(
            () => coordinator.Calls.Connect(cancellationToken: Token), () => SayHelloAsync(coordinator));
        Assert.Equal(
            (RefusalStatus.ResourceExhausted, RefusalReason.LimitReached, "streams", true),
            (refusal.Status, refusal.Reason, refusal.Field, refusal.MayRetry));
        Assert.Contains("1 participants", refusal.Message, StringComparison.Ordinal);
        silent.Dispose();

        await Eventually.IsTrueAsync(
            async () => await Refused.OfAsync(() => SayHelloAsync(coordinator)) is null, () => "A stream that ended keeps its place.");
    }

    [Fact]
    public async Task MaxOpenTransactions_OneMore_IsRefusedUntilOneEnds()
    {
        await using TestCoordinator coordinator = await ServeAsync(o => o.MaxOpenTransactions = 2);
        TestClient client = await TestClient.HelloAsync(coordinator);
        TransactionContext first = await BeginAsync(coordinator);
        TransactionContext second = await BeginAsync(coordinator);
        TransactionContext third = client.NewContext();

        await LimitAsync("transactions", "MaxOpenTransactions", 2, () => BeginAsync(coordinator));
        Refusal refusal = await LimitAsync("transactions", "MaxOpenTransactions", 2, () => client.CommitAsync(third, []));

        Assert.True(refusal.MayRetry);
        Assert.Null(await client.GetOutcomeAsync(third.Id));
        Assert.True((await client.CommitAsync(first, [])).Outcome.IsCommitted);
        Assert.True((await client.CommitAsync(third, [])).Outcome.IsCommitted);
        Assert.True((await client.CommitAsync(second, [])).Outcome.IsCommitted);
    }

    [Fact]
    public async Task MaxOpenTransactions_HeartbeatOfOneMore_IsRefusedAndCountsForNone()
    {
        await using TestCoordinator coordinator = await ServeAsync(o => o.MaxOpenTransactions = 2);
        TestClient client = await TestClient.HelloAsync(coordinator);
        TransactionContext[] three = [client.NewContext(), client.NewContext(), client.NewContext()];
        V1.HeartbeatRequest Beat(int count) => ClientCallMapping.ToHeartbeat("shop", three.Take(count).Select(c => c.Id));

        Refusal refusal = await Refused.AsAsync(
            RefusalStatus.ResourceExhausted,
            RefusalReason.LimitReached,
            async () => await coordinator.Calls.HeartbeatAsync(Beat(3), cancellationToken: Token),
            "3 transactions are named",
            "at most 2 (MaxOpenTransactions)",
            "send several");

        Assert.Equal(("transactions", false), (refusal.Field, refusal.MayRetry));
        Assert.Empty((await coordinator.Calls.HeartbeatAsync(Beat(2), cancellationToken: Token)).Ended);
        await client.IsUntouchedAsync(three[0]);
    }

    [Fact]
    [Trait("Rule", "D4")]
    public async Task MaxOpenTransactions_OneMoreResolve_IsRefusedUntilOneIsAnswered()
    {
        await using TestCoordinator coordinator = await ServeAsync(o => o.MaxOpenTransactions = 1);
        await using FakeParticipant participant = await FakeParticipant.ConnectAsync(coordinator, FakeParticipant.Silent, Left);
        TestClient client = await TestClient.HelloAsync(coordinator);
        TransactionContext first = client.NewContext();
        TransactionContext next = client.NewContext();
        Task<CommitResult> asked = client.ResolveAsync(first, TestCluster.Wrote(Left));
        await participant.ExpectAsync<CoordinatorFrame.ResolveOnePhase>(first.Id);

        Refusal refusal = await LimitAsync("resolutions", "MaxOpenTransactions", 1, () => client.ResolveAsync(next, Both()));

        Assert.True(refusal.MayRetry);
        await participant.SendAsync(new ShardFrame.Resolved(first.Id, Left, ShardResolution.Of(ShardResolutionKind.NotCommitted)));
        Assert.Equal(Outcome.Aborted(AbortReason.Resolved), (await asked).Outcome);
        await client.IsUntouchedAsync(next);
    }

    [Fact]
    [Trait("Rule", "X5")]
    public async Task MaxRememberedTransactions_OneMore_IsRefusedUntilOneIsForgotten()
    {
        await using TestCoordinator coordinator = await ServeAsync(o => o.MaxRememberedTransactions = 1);
        TestClient client = await TestClient.HelloAsync(coordinator);
        Duration shortly = Duration.FromMilliseconds(1_500);
        await client.AbortAsync(client.NewContext(lifetime: shortly));
        TransactionContext next = client.NewContext();

        Refusal refusal = await LimitAsync("transactions", "MaxRememberedTransactions", 1, () => client.CommitAsync(next, []));
        await LimitAsync("transactions", "MaxRememberedTransactions", 1, () => BeginAsync(coordinator));
        await LimitAsync("transactions", "MaxRememberedTransactions", 1, () => client.AbortAsync(next));

        Assert.True(refusal.MayRetry);
        Assert.Null(await client.GetOutcomeAsync(next.Id));
        await Eventually.IsTrueAsync(() => Task.FromResult(coordinator.ReadGauge("remembered") == 0), () => "It isn't forgotten.");
        Assert.True((await client.CommitAsync(next, [])).Outcome.IsCommitted);
    }

    [Fact]
    [Trait("Rule", "D1")]
    public async Task MaxQueuedDecisions_OneMore_IsRefusedUntilOneIsRecorded()
    {
        await using TestCoordinator coordinator = await ServeAsync(o => o.MaxQueuedDecisions = 1);
        TransactionContext? held = null;
        await using FakeParticipant participant = await FakeParticipant.ConnectAsync(
            coordinator, (owner, frame) => frame.Id == held?.Id ? null : FakeParticipant.Honest(owner, frame), Left, Right);
        TestClient client = await TestClient.HelloAsync(coordinator);
        held = client.NewContext();
        Task<CommitResult> first = client.CommitAsync(held, Both());
        CoordinatorFrame.Prepare asked = await participant.ExpectAsync<CoordinatorFrame.Prepare>(held.Id);
        TransactionContext second = client.NewContext();

        Refusal refusal = await LimitAsync("decisions", "MaxQueuedDecisions", 1, () => client.CommitAsync(second, Both()));
        await LimitAsync("decisions", "MaxQueuedDecisions", 1, () => client.CommitAsync(second, [], "a key"));
        await LimitAsync("decisions", "MaxQueuedDecisions", 1, () => client.ResolveAsync(second, Both()));

        // What needs no decision of the log isn't held up.
        Assert.True(refusal.MayRetry);
        Assert.True((await client.CommitAsync(client.NewContext(), TestCluster.Wrote(Left))).Outcome.IsCommitted);
        Assert.Null(await client.GetOutcomeAsync(second.Id));
        await participant.SendAsync(Yes(held.Id, Left, asked), Yes(held.Id, Right, asked));
        Assert.True((await first).Outcome.IsCommitted);
        Assert.True((await client.CommitAsync(second, Both())).Outcome.IsCommitted);
    }

    [Fact]
    [Trait("Rule", "D2")]
    public async Task MaxQueuedDecisions_OneMoreRead_IsRefusedUntilOneIsAnswered()
    {
        string log = await postgres.NewDatabaseAsync("reads");
        await using TestCoordinator coordinator = await TestCoordinator.ServeAsync(log, configure: o =>
        {
            o.MaxQueuedDecisions = 1;
            o.RecoveryInterval = TimeSpan.FromHours(1);
            o.Log.LockTimeout = TimeSpan.FromMinutes(1);
            o.Log.CommandTimeout = TimeSpan.FromMinutes(1);
        });
        TestClient client = await TestClient.HelloAsync(coordinator);
        await client.GetOutcomeAsync(client.NewContext().Id);
        await using Backend backend = await Backend.OpenAsync(log, Token);
        await backend.RunAsync("begin");
        await backend.RunAsync("lock table txn.decisions in access exclusive mode");
        TransactionContext asked = client.NewContext();
        Task<CommitResult?> first = client.GetOutcomeAsync(asked.Id);
        await backend.UntilWaitingAsync(1, Token);

        TransactionContext next = client.NewContext();
        Refusal refusal = await LimitAsync("reads", "MaxQueuedDecisions", 1, () => client.GetOutcomeAsync(next.Id));
        await LimitAsync("reads", "MaxQueuedDecisions", 1, () => client.ResolveAsync(next, Both()));

        Assert.True(refusal.MayRetry);
        await backend.RunAsync("rollback");
        Assert.Null(await first);
        Assert.Null(await client.GetOutcomeAsync(asked.Id));
        await client.IsUntouchedAsync(next);
    }

    [Fact]
    [Trait("Rule", "X6")]
    public async Task Commit_MoreCallersThanMayWaitForOneTransaction_SaysPendingAndTheOthersAreAnswered()
    {
        const int Most = 64;
        await using TestCoordinator coordinator = await ServeAsync(_ => { });
        await using FakeParticipant participant = await FakeParticipant.ConnectAsync(coordinator, Waiting, Left, Right);
        TestClient client = await TestClient.HelloAsync(coordinator);
        TransactionContext context = client.NewContext();
        Task<CommitResult>[] waiting = [.. Enumerable.Range(0, Most).Select(_ => client.CommitAsync(context, Both()))];
        CoordinatorFrame.Prepare asked = await participant.ExpectAsync<CoordinatorFrame.Prepare>(context.Id);
        await UntilGaugeAsync(coordinator, "calls", Most);

        // Not RESOURCE_EXHAUSTED: that would say that the Commit was never taken up.
        Refusal refusal = await Refused.AsAsync(
            RefusalStatus.Unavailable, RefusalReason.OutcomePending, () => client.CommitAsync(context, Both()));

        Assert.Contains($"{Most} calls wait", refusal.Message, StringComparison.Ordinal);
        await participant.SendAsync(Yes(context.Id, Left, asked), Yes(context.Id, Right, asked));
        Assert.All(await Task.WhenAll(waiting), result => Assert.True(result.Outcome.IsCommitted));
    }

    // For a call that would wait for ever if it weren't refused.
    private static DateTime Soon() => TimeProvider.System.GetUtcNow().UtcDateTime.AddSeconds(20);

    private static CommitShard[] Both() => TestCluster.Wrote(Left, Right);

    private static ShardFrame? Waiting(ShardGeneration owner, CoordinatorFrame frame) =>
        frame is CoordinatorFrame.Prepare ? null : FakeParticipant.Honest(owner, frame);

    private static ShardFrame.Voted Yes(TransactionId id, ShardGeneration owner, CoordinatorFrame.Prepare asked) =>
        new(id, owner, Vote.Yes(asked.Floor, asked.Floor.Plus(Duration.FromSeconds(10))));

    private static async Task<Refusal> LimitAsync(string field, string option, int limit, Func<Task> call)
    {
        Refusal refusal = await Refused.AsAsync(RefusalStatus.ResourceExhausted, RefusalReason.LimitReached, call);
        Assert.Equal(field, refusal.Field);
        Assert.Contains($"{limit} ", refusal.Message, StringComparison.Ordinal);
        Assert.Contains($"({option})", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("try again later", refusal.Message, StringComparison.Ordinal);
        return refusal;
    }

    private static Task UntilGaugeAsync(TestCoordinator coordinator, string name, int value) => Eventually.IsTrueAsync(
        () => Task.FromResult(coordinator.ReadGauge(name) == value),
        () => $"{name} is {coordinator.ReadGauge(name)} and not {value}.");

    private static async Task<TransactionContext> BeginAsync(TestCoordinator coordinator)
    {
        V1.BeginReply begun = await coordinator.Calls.BeginAsync(new() { Client = "shop" }, cancellationToken: Token);
        Assert.True(ContextMapping.TryRead(begun.Transaction, out TransactionContext? context, out Refusal? refusal), refusal?.Message);
        return context;
    }

    // Null when it is let in.
    private static Task SayHelloAsync(TestCoordinator coordinator) =>
        FakeParticipant.SayAsync(coordinator, new() { Hello = FakeParticipant.Hello() });

    private async Task<TestCoordinator> ServeAsync(Action<Transactions.Coordinator.Server.CoordinatorServerOptions> configure) =>
        await TestCoordinator.ServeAsync(await postgres.NewDatabaseAsync("overload"), configure: configure);
}
