using Grpc.Core;
using Microsoft.Extensions.Options;
using NodaTime;
using Npgsql;
using Transactions.Clocks;
using Transactions.IntegrationTests.Fixtures;
using Transactions.Model;
using Xunit;
using static Grpc.Health.V1.HealthCheckResponse.Types;
using V1 = Transactions.Contracts.V1;

namespace Transactions.IntegrationTests.Coordinator;

/// <summary>A coordinator's start, its stop, and what may go wrong around it meanwhile.</summary>
public sealed class LifeTests(PostgresFixture postgres)
{
    private const int LogNotReached = 1102;
    private const int CannotStart = 1104;
    private const int StoppedUndrained = 1107;
    private const int LogLost = 1110;
    private const int LogBack = 1111;
    private const int ClockUnhealthy = 1114;
    private const int ClockHealthyAgain = 1115;
    private const int StreamBroken = 1123;
    private const int PostgresUnreachable = 1001;

    [Fact]
    public async Task Start_LogUnreachable_SaysSoAndServesOnceItIsThere()
    {
        await using CuttableProxy proxy = new(await postgres.NewDatabaseAsync("late"), isDown: true);
        await using TestCoordinator coordinator = await TestCoordinator.StartAsync(proxy.ConnectionString);

        Assert.Equal(ServingStatus.NotServing, await coordinator.GetHealthAsync());
        foreach (Func<Task> call in (Func<Task>[])[() => TestClient.HelloAsync(coordinator), () => FakeParticipant.ConnectAsync(coordinator)])
        {
            await Refused.AsAsync(
                RefusalStatus.Unavailable, RefusalReason.StorageUnavailable, call, "decision log hasn't answered yet", "try again, or ask another one");
        }

        await Eventually.IsTrueAsync(
            () => Task.FromResult(coordinator.Lines.Count(LogNotReached) + coordinator.Lines.Count(PostgresUnreachable) >= 2),
            () => $"Waiting isn't logged: {string.Join('\n', coordinator.Lines.All)}");
        NpgsqlConnectionStringBuilder wanted = new(proxy.ConnectionString);
        (_, int id, string text) = coordinator.Lines.All.First(l => l.Id is LogNotReached or PostgresUnreachable);
        Assert.Equal(PostgresUnreachable, id);
        Assert.Contains($"{wanted.Host}:{wanted.Port}, database '{wanted.Database}'", text, StringComparison.Ordinal);
        Assert.Contains("trying again in 00:00:0", text, StringComparison.Ordinal);
        Assert.DoesNotContain(wanted.Password!, string.Concat(coordinator.Lines.All), StringComparison.Ordinal);

        proxy.ComeBack();
        await coordinator.UntilHealthAsync(ServingStatus.Serving);
        TestClient client = await TestClient.HelloAsync(coordinator);
        Assert.True((await client.CommitAsync(client.NewContext(), [])).Outcome.IsCommitted);
    }

    [Fact]
    [Trait("Rule", "D2")]
    public async Task Commit_LogLostUnderWay_WaitsAndObeysTheLogWhenItIsBack()
    {
        await using CuttableProxy proxy = new(await postgres.NewDatabaseAsync("outage"));
        await using TestCoordinator coordinator = await TestCoordinator.ServeAsync(
            proxy.ConnectionString, configure: o => o.RecoveryInterval = TimeSpan.FromMilliseconds(100));
        ShardGeneration left = TestCluster.Shard("outage/0");
        ShardGeneration right = TestCluster.Shard("outage/1");
        await using FakeParticipant participant = await FakeParticipant.ConnectAsync(coordinator, left, right);
        TestClient client = await TestClient.HelloAsync(coordinator);
        proxy.GoDown();

        TransactionContext context = client.NewContext();
        Task<CommitResult> commit = client.CommitAsync(context, TestCluster.Wrote(left, right));
        await coordinator.UntilHealthAsync(ServingStatus.NotServing);
        TransactionContext asked = client.NewContext();
        foreach (Func<Task> call in (Func<Task>[])[() => client.GetOutcomeAsync(asked.Id), () => client.ResolveAsync(asked, TestCluster.Wrote(left, right))])
        {
            Refusal refusal = await Refused.AsAsync(
                RefusalStatus.Unavailable, RefusalReason.StorageUnavailable, call, "decision log didn't answer", "ask again");
            Assert.True(refusal.MayRetry);
        }

        Assert.False(commit.IsCompleted);

        proxy.ComeBack();
        CommitResult result = await commit;
        await coordinator.UntilHealthAsync(ServingStatus.Serving);
        Assert.Equal(result.Outcome, (await client.ResolveAsync(context, TestCluster.Wrote(left, right))).Outcome);
        Assert.Equal(result.Outcome, (await participant.ExpectAsync<CoordinatorFrame.Ended>(context.Id)).Outcome);
        Assert.Equal((1, 1), (coordinator.Lines.Count(LogLost), coordinator.Lines.Count(LogBack)));
    }

    [Fact]
    [Trait("Rule", "T5")]
    public async Task Start_LogOfAnotherCluster_StopsAndNamesBoth()
    {
        string log = await postgres.NewDatabaseAsync("other");
        await (await TestCoordinator.ServeAsync(log)).DisposeAsync();

        await using TestCoordinator coordinator = await TestCoordinator.StartAsync(log, cluster: c => c.Name = "production");
        await coordinator.Stopped;

        (_, _, string text) = Assert.Single(coordinator.Lines.All, l => l.Id == CannotStart);
        Assert.Contains("'tests'", text, StringComparison.Ordinal);
        Assert.Contains("'production'", text, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Rule", "T3")]
    public async Task Start_ClockUnhealthy_RefusesAndNamesTheRemedy()
    {
        ClockUnhealthyException refused = await Assert.ThrowsAsync<ClockUnhealthyException>(
            () => TestCoordinator.StartAsync("Host=127.0.0.1;Port=1", clock: new BreakableClock { IsBroken = true }));

        Assert.Contains("Mend it", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_WrongSettings_NamesThemAllAndNoSecret()
    {
        OptionsValidationException refused = await Assert.ThrowsAsync<OptionsValidationException>(() => TestCoordinator.StartAsync(
            "Password=hunter2;Nonsense", name: "", configure: o => o.VoteTimeout = TimeSpan.FromMinutes(2)));

        Assert.Contains("Coordinator:Name", refused.Message, StringComparison.Ordinal);
        Assert.Contains("VoteTimeout", refused.Message, StringComparison.Ordinal);
        Assert.Contains("ConnectionString", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Rule", "T3")]
    public async Task ClockUnhealthyUnderWay_TimestampsAreRefusedUntilItIsHealthy()
    {
        await using TestCoordinator coordinator = await TestCoordinator.ServeAsync(await postgres.NewDatabaseAsync("clock"));
        TestClient client = await TestClient.HelloAsync(coordinator);
        TransactionContext context = client.NewContext();
        coordinator.Clock.IsBroken = true;
        await coordinator.UntilHealthAsync(ServingStatus.NotServing);

        await Refused.AsAsync(
            RefusalStatus.Unavailable, RefusalReason.ClockUnhealthy, () => client.CommitAsync(context, []), "Mend it");
        await Refused.AsAsync(RefusalStatus.Unavailable, RefusalReason.ClockUnhealthy, () => TestClient.HelloAsync(coordinator), "Mend it");
        await Refused.AsAsync(
            RefusalStatus.Unavailable, RefusalReason.ClockUnhealthy, async () => await coordinator.Calls.GetTimestampAsync(new()), "Mend it");
        await Refused.AsAsync(
            RefusalStatus.Unavailable,
            RefusalReason.ClockUnhealthy,
            async () => await coordinator.Calls.BeginAsync(new() { Client = "a" }),
            "Mend it");
        await Refused.AsAsync(
            RefusalStatus.Unavailable, RefusalReason.ClockUnhealthy, () => FakeParticipant.ConnectAsync(coordinator), "Mend it");

        coordinator.Clock.IsBroken = false;
        await coordinator.UntilHealthAsync(ServingStatus.Serving);
        Assert.True((await client.CommitAsync(context, [])).Outcome.IsCommitted);
        Assert.Equal((1, 1), (coordinator.Lines.Count(ClockUnhealthy), coordinator.Lines.Count(ClockHealthyAgain)));
    }

    [Fact]
    public async Task Stop_CommitUnderWay_IsFinishedWhileNewOnesAreRefused()
    {
        await using TestCoordinator coordinator = await TestCoordinator.ServeAsync(
            await postgres.NewDatabaseAsync("stop"), configure: o => o.DrainTimeout = TimeSpan.FromSeconds(20));
        ShardGeneration quick = TestCluster.Shard("stop/0");
        ShardGeneration slow = TestCluster.Shard("stop/1");
        await using FakeParticipant participant = await FakeParticipant.ConnectAsync(
            coordinator, (owner, frame) => owner == slow && frame is CoordinatorFrame.Prepare ? null : FakeParticipant.Honest(owner, frame), quick, slow);
        TestClient client = await TestClient.HelloAsync(coordinator);
        TransactionContext context = client.NewContext();
        Task<CommitResult> commit = client.CommitAsync(context, TestCluster.Wrote(quick, slow));
        CoordinatorFrame.Prepare asked = await participant.ExpectAsync<CoordinatorFrame.Prepare>(context.Id);

        Task stopping = coordinator.StopAsync();
        await Eventually.IsTrueAsync(
            async () => await IsRefusedAsync(client), () => "A stopping coordinator takes new transactions.");
        await participant.SendAsync(new ShardFrame.Voted(
            context.Id, slow, Vote.Yes(asked.Floor, asked.Floor.Plus(Duration.FromSeconds(10)))));

        CommitResult result = await commit;
        Assert.True(result.Outcome.IsCommitted, result.Outcome.ToString());
        Assert.Equal(result.Outcome, (await participant.ExpectAsync<CoordinatorFrame.Ended>(context.Id)).Outcome);

        // All was said to the participant, and why the stream ends: it may dial this coordinator's next life, or another one.
        Refusal refusal = await Refused.AsAsync(RefusalStatus.Unavailable, RefusalReason.ShuttingDown, () => participant.Ended);
        Assert.True(refusal.MayRetry);
        await stopping;
    }

    [Fact]
    public async Task Stop_CommitNeverVoted_EndsAfterTheDrainTimeoutAndTheLogTellsTheOutcome()
    {
        string log = await postgres.NewDatabaseAsync("undrained");
        ShardGeneration left = TestCluster.Shard("undrained/0");
        ShardGeneration right = TestCluster.Shard("undrained/1");
        TransactionContext context;
        TestClient client;
        await using (TestCoordinator coordinator = await TestCoordinator.ServeAsync(log, configure: o =>
        {
            o.DrainTimeout = TimeSpan.FromMilliseconds(100);
            o.VoteTimeout = TimeSpan.FromMinutes(1);
        }))
        {
            await using FakeParticipant participant = await FakeParticipant.ConnectAsync(coordinator, FakeParticipant.Silent, left, right);
            client = await TestClient.HelloAsync(coordinator);
            context = client.NewContext();
            Task<CommitResult> commit = client.CommitAsync(context, TestCluster.Wrote(left, right));
            await participant.ExpectAsync<CoordinatorFrame.Prepare>(context.Id);

            Task stopping = coordinator.StopAsync();

            // In doubt, and so not ABORTED: the log alone may end it now.
            Refusal refusal = await Refused.AsAsync(RefusalStatus.Unavailable, RefusalReason.ShuttingDown, () => commit);
            Assert.Equal((true, AbortReason.Unspecified), (refusal.MayRetry, refusal.AbortReason));
            Assert.Contains("Resolve", refusal.Message, StringComparison.Ordinal);
            await Refused.AsAsync(RefusalStatus.Unavailable, RefusalReason.ShuttingDown, () => participant.Ended);
            await stopping;
            Assert.Equal(1, coordinator.Lines.Count(StoppedUndrained));
        }

        await using TestCoordinator next = await TestCoordinator.ServeAsync(log);
        CommitResult resolved = await client.ResolveAsync(context, TestCluster.Wrote(left, right), at: next);
        Assert.Equal(Outcome.Aborted(AbortReason.Resolved), resolved.Outcome);
    }

    [Fact]
    public async Task Stop_StreamsOfOneConnection_EachReadsWhyItEndsInItsOwnTime()
    {
        await using TestCoordinator coordinator = await TestCoordinator.ServeAsync(await postgres.NewDatabaseAsync("slowreaders"));
        var calls = new AsyncDuplexStreamingCall<V1.ParticipantFrames, V1.CoordinatorFrames>[30];
        for (int i = 0; i < calls.Length; i++)
        {
            calls[i] = coordinator.Calls.Connect(cancellationToken: TestContext.Current.CancellationToken);
            await calls[i].RequestStream.WriteAsync(
                new() { Hello = FakeParticipant.Hello(TestCluster.Shard($"slowreaders/{i}")) }, TestContext.Current.CancellationToken);
            Assert.True(await calls[i].ResponseStream.MoveNext(TestContext.Current.CancellationToken));
        }

        Task stopping = coordinator.StopAsync();

        // One that has read it hangs up, which must not cut off the others.
        foreach (AsyncDuplexStreamingCall<V1.ParticipantFrames, V1.CoordinatorFrames> call in calls)
        {
            await Refused.AsAsync(
                RefusalStatus.Unavailable, RefusalReason.ShuttingDown, () => call.ResponseStream.MoveNext(TestContext.Current.CancellationToken));
            call.Dispose();
        }

        await stopping;
    }

    [Fact]
    [Trait("Rule", "7")]
    public async Task HeartbeatTimeout_NoneComes_TheTransactionIsAbortedAndSaidSo()
    {
        await using TestCoordinator coordinator = await TestCoordinator.ServeAsync(
            await postgres.NewDatabaseAsync("heartbeats"), configure: o => o.HeartbeatTimeout = TimeSpan.FromMilliseconds(100));
        ShardGeneration shard = TestCluster.Shard("heartbeats/0");
        await using FakeParticipant participant = await FakeParticipant.ConnectAsync(coordinator, shard);
        TestClient client = await TestClient.HelloAsync(coordinator);
        TransactionContext context = client.NewContext();
        await participant.SendAsync(new ShardFrame.Enlist(context.Id, shard, context));

        CoordinatorFrame.Ended told = await participant.ExpectAsync<CoordinatorFrame.Ended>(context.Id);

        Assert.Equal(Outcome.Aborted(AbortReason.HeartbeatMissed), told.Outcome);
        Assert.Equal(told.Outcome, (await client.CommitAsync(context, TestCluster.Wrote(shard))).Outcome);
    }

    [Fact]
    public async Task Connect_ParticipantThatNeverReads_IsCutOff()
    {
        await using TestCoordinator coordinator = await TestCoordinator.ServeAsync(
            await postgres.NewDatabaseAsync("deaf"), configure: o => o.Streams.MaxQueuedFrames = 512);
        ShardGeneration shard = TestCluster.Shard("deaf/0");
        using AsyncDuplexStreamingCall<V1.ParticipantFrames, V1.CoordinatorFrames> call = coordinator.Calls.Connect(
            cancellationToken: TestContext.Current.CancellationToken);
        await call.RequestStream.WriteAsync(new() { Hello = FakeParticipant.Hello(shard) }, TestContext.Current.CancellationToken);

        // Each question is answered, and no answer is read.
        await Eventually.IsTrueAsync(
            async () =>
            {
                await AskAsync(call, shard);
                return coordinator.Lines.Count(StreamBroken) == 1;
            },
            () => "The stream isn't broken.");

        (_, _, string text) = Assert.Single(coordinator.Lines.All, l => l.Id == StreamBroken);
        Assert.Contains("MaxQueuedFrames", text, StringComparison.Ordinal);
        TestClient client = await TestClient.HelloAsync(coordinator);
        Assert.True((await client.CommitAsync(client.NewContext(), [])).Outcome.IsCommitted);
    }

    private static async Task AskAsync(AsyncDuplexStreamingCall<V1.ParticipantFrames, V1.CoordinatorFrames> call, ShardGeneration shard)
    {
        V1.ParticipantFrames message = new();
        message.Frames.AddRange(Enumerable.Range(0, 512).Select(_ => Contracts.ShardFrameMapping.ToWire(new ShardFrame.InDoubt(
            TransactionId.Create(TestClient.Now), shard, new("gone", new Incarnation(1))))));
        try
        {
            await call.RequestStream.WriteAsync(message);
        }
        catch (Exception e) when (e is RpcException or IOException or InvalidOperationException)
        {
            // Cut off already.
        }
    }

    private static async Task<bool> IsRefusedAsync(TestClient client) =>
        (await Refused.OfAsync(() => client.CommitAsync(client.NewContext(), [])))?.Reason == RefusalReason.ShuttingDown;
}
