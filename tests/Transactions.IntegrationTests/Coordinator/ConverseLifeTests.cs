using System.Diagnostics.Metrics;
using Google.Protobuf;
using Grpc.Core;
using NodaTime;
using Transactions.Client;
using Transactions.Clocks;
using Transactions.Contracts;
using Transactions.IntegrationTests.Fixtures;
using Transactions.Model;
using Xunit;
using V1 = Transactions.Contracts.V1;

namespace Transactions.IntegrationTests.Coordinator;

/// <summary>What becomes of what was asked on a client's stream when somebody stops waiting, hangs up, stops, or fails.</summary>
public sealed class ConverseLifeTests(PostgresFixture postgres)
{
    private const int RequestFailed = 1127;

    private static readonly ShardGeneration Left = TestCluster.Shard("life/0");
    private static readonly ShardGeneration Right = TestCluster.Shard("life/1");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Converse_ManyCommitsInterleaved_EachGetsItsOwnReplyAndNoneWaitsForAnother()
    {
        ShardGeneration slow = TestCluster.Shard("life/2");
        await using TestCoordinator coordinator = await ServeAsync("many");
        await using FakeParticipant participant = await FakeParticipant.ConnectAsync(
            coordinator, (owner, frame) => owner == slow && frame is CoordinatorFrame.Prepare ? null : FakeParticipant.Honest(owner, frame), Left, Right, slow);
        TestClient client = await TestClient.HelloAsync(coordinator);
        await using TestConversation stream = await TestConversation.OpenAsync(coordinator.Calls);
        TransactionContext late = client.NewContext();
        TransactionContext[] contexts = [.. Enumerable.Range(0, 1_000).Select(_ => client.NewContext())];

        Task<V1.ClientReply> held = (await stream.AskAllAsync(new V1.ClientRequest { Commit = client.Request(late, TestCluster.Wrote(Left, slow)) }))[0];
        CoordinatorFrame.Prepare asked = await participant.ExpectAsync<CoordinatorFrame.Prepare>(late.Id);
        List<Task<V1.ClientReply>> commits = [];
        foreach (TransactionContext[] some in contexts.Chunk(WireLimits.MaxFramesPerMessage))
        {
            commits.AddRange(await stream.AskAllAsync(
                [.. some.Select(c => new V1.ClientRequest { Commit = client.Request(c, TestCluster.Wrote(Left, Right)) })]));
        }

        V1.ClientReply[] replies = await Task.WhenAll(commits);
        Assert.Equal(contexts.Select(c => ByteString.CopyFrom(c.Id.ToBytes())), replies.Select(r => r.Ended.Transaction));
        Assert.All(replies, reply => Assert.Equal(V1.Outcome.EndOneofCase.CommittedAt, reply.Ended.Outcome.EndCase));
        Assert.False(held.IsCompleted);
        Assert.InRange(stream.BatchSizes.Max(), 2, WireLimits.MaxFramesPerMessage);
        await participant.SendAsync(new ShardFrame.Voted(late.Id, slow, Vote.Yes(asked.Floor, asked.Floor.Plus(Duration.FromSeconds(10)))));
        Assert.Equal(ByteString.CopyFrom(late.Id.ToBytes()), (await held).Ended.Transaction);
    }

    [Fact]
    public async Task Cancel_CommitUnderWay_FreesTheCallAndTheTransactionGoesOn()
    {
        await using TestCoordinator coordinator = await ServeAsync("cancelled", o => o.MaxOpenCalls = 1);
        await using FakeParticipant participant = await FakeParticipant.ConnectAsync(coordinator, Waiting, Left, Right);
        TestClient client = await TestClient.HelloAsync(coordinator);
        await using TestConversation stream = await TestConversation.OpenAsync(coordinator.Calls);
        TransactionContext context = client.NewContext();
        V1.ClientRequest commit = new() { Commit = client.Request(context, TestCluster.Wrote(Left, Right)) };
        Task<V1.ClientReply> never = (await stream.AskAllAsync(commit))[0];
        CoordinatorFrame.Prepare asked = await participant.ExpectAsync<CoordinatorFrame.Prepare>(context.Id);
        V1.ClientReply refused = await stream.AskAsync(new() { GetTimestamp = new() });
        Assert.Equal("calls", RefusalMapping.FromStatus(refused.Refused)?.Field);

        await stream.SendAsync(new() { Requests = { new V1.ClientRequest { Correlation = commit.Correlation, Cancel = new() } } });

        await Eventually.IsTrueAsync(() => Task.FromResult(coordinator.ReadGauge("calls") == 0), () => "The call keeps its place.");
        Assert.True((await stream.AskAsync(new() { GetTimestamp = new() })).Timestamp.Timestamp > 0);
        await VoteAsync(participant, context, asked);
        await Eventually.IsTrueAsync(
            async () => (await client.GetOutcomeAsync(context.Id))?.Outcome.IsCommitted == true, () => "It didn't go on.");
        Assert.False(never.IsCompleted);
    }

    [Fact]
    public async Task Cancel_OfNothingUnderWay_ChangesNothing()
    {
        await using TestCoordinator coordinator = await ServeAsync("cancel_nothing");
        await using TestConversation stream = await TestConversation.OpenAsync(coordinator.Calls);
        V1.ClientRequest answered = new() { GetTimestamp = new() };
        await stream.AskAsync(answered);

        await stream.SendAsync(new()
        {
            Requests = { new V1.ClientRequest { Correlation = answered.Correlation, Cancel = new() }, new V1.ClientRequest { Correlation = 99, Cancel = new() } },
        });

        Assert.True((await stream.AskAsync(new() { GetTimestamp = new() })).Timestamp.Timestamp > 0);
    }

    [Fact]
    public async Task HangUp_CommitUnderWay_FreesTheCallAndTheTransactionGoesOn()
    {
        await using TestCoordinator coordinator = await ServeAsync("hung_up");
        await using FakeParticipant participant = await FakeParticipant.ConnectAsync(coordinator, Waiting, Left, Right);
        TestClient client = await TestClient.HelloAsync(coordinator);
        TransactionContext context = client.NewContext();
        CoordinatorFrame.Prepare asked;
        await using (TestConversation stream = await TestConversation.OpenAsync(coordinator.Calls))
        {
            _ = await stream.AskAllAsync(new V1.ClientRequest { Commit = client.Request(context, TestCluster.Wrote(Left, Right)) });
            asked = await participant.ExpectAsync<CoordinatorFrame.Prepare>(context.Id);
            Assert.Equal(1, coordinator.ReadGauge("calls"));
        }

        await Eventually.IsTrueAsync(() => Task.FromResult(coordinator.ReadGauge("calls") == 0), () => "The call keeps its place.");
        await VoteAsync(participant, context, asked);
        Assert.True((await client.ResolveAsync(context, TestCluster.Wrote(Left, Right))).Outcome.IsCommitted);
    }

    [Fact]
    public async Task Complete_CommitUnderWay_IsAnsweredBeforeTheStreamEnds()
    {
        await using TestCoordinator coordinator = await ServeAsync("completed");
        await using FakeParticipant participant = await FakeParticipant.ConnectAsync(coordinator, Waiting, Left, Right);
        TestClient client = await TestClient.HelloAsync(coordinator);
        await using TestConversation stream = await TestConversation.OpenAsync(coordinator.Calls);
        TransactionContext context = client.NewContext();
        Task<V1.ClientReply> reply = (await stream.AskAllAsync(
            new V1.ClientRequest { Commit = client.Request(context, TestCluster.Wrote(Left, Right)) }))[0];
        CoordinatorFrame.Prepare asked = await participant.ExpectAsync<CoordinatorFrame.Prepare>(context.Id);

        await stream.CompleteAsync();
        await VoteAsync(participant, context, asked);

        Assert.Equal(V1.Outcome.EndOneofCase.CommittedAt, (await reply).Ended.Outcome.EndCase);
        await stream.Ended;
    }

    [Fact]
    [Trait("Rule", "D4")]
    public async Task Cut_UnderTheLibrarysCommit_TheOutcomeIsResolved()
    {
        await using TestCoordinator coordinator = await ServeAsync("cut");
        await using CuttableProxy proxy = new(() => ("127.0.0.1", new Uri(coordinator.Endpoint).Port));
        await using TransactionClient client = new(new TransactionClientOptions
        {
            Cluster = TestCluster.Name,
            ClientId = "shop",
            HeartbeatInterval = TimeSpan.FromMinutes(5),
            Coordinators = { proxy.Address },
        });
        Task<RunResult<int>> running;
        TaskCompletionSource held = new(TaskCreationOptions.RunContinuationsAsynchronously);
        try
        {
            // Nothing of what comes after the body is handled before the stream is cut, and what came before it is done.
            running = client.RunAsync(
                async _ =>
                {
                    Assert.False(held.Task.IsCompleted, "The transaction ran again.");
                    await Eventually.IsTrueAsync(() => Task.FromResult(coordinator.ReadGauge("calls") == 0), () => "A call stays.");
                    coordinator.Clock.Hold();
                    held.SetResult();
                    return 42;
                },
                new() { IdempotencyKey = "cut" },
                Token);
            await Task.WhenAny(held.Task, running);
            await Eventually.IsTrueAsync(() => Task.FromResult(coordinator.ReadGauge("calls") == 1), () => "No Commit came.");
            proxy.GoDown();
        }
        finally
        {
            coordinator.Clock.Release();
        }

        await Eventually.IsTrueAsync(() => Task.FromResult(coordinator.ReadGauge("clients") == 0), () => "The stream isn't cut.");
        proxy.ComeBack();
        RunResult<int> result = await running;

        Assert.Equal((42, 1), (result.Value, result.Attempts));
        V1.GetOutcomeReply told = await coordinator.Calls.GetOutcomeAsync(ClientCallMapping.ToOutcomeRequest(result.TransactionId), cancellationToken: Token);
        Assert.Equal(result.CommitTimestamp.Value, told.Ended.Outcome.CommittedAt);
    }

    [Fact]
    public async Task Stop_CommitUnderWay_IsAnsweredThenTheStreamEnds()
    {
        await using TestCoordinator coordinator = await ServeAsync("stops", o => o.DrainTimeout = TimeSpan.FromSeconds(20));
        await using FakeParticipant participant = await FakeParticipant.ConnectAsync(coordinator, Waiting, Left, Right);
        TestClient client = await TestClient.HelloAsync(coordinator);
        await using TestConversation stream = await TestConversation.OpenAsync(coordinator.Calls);
        TransactionContext context = client.NewContext();
        Task<V1.ClientReply> commit = (await stream.AskAllAsync(
            new V1.ClientRequest { Commit = client.Request(context, TestCluster.Wrote(Left, Right)) }))[0];
        CoordinatorFrame.Prepare asked = await participant.ExpectAsync<CoordinatorFrame.Prepare>(context.Id);

        Task stopping = coordinator.StopAsync();
        await Eventually.IsTrueAsync(
            async () => ReasonOf(await stream.AskAsync(new() { Commit = client.Request(client.NewContext(), []) })) == RefusalReason.ShuttingDown,
            () => "A stopping coordinator takes new transactions.");
        await VoteAsync(participant, context, asked);

        Assert.Equal(V1.Outcome.EndOneofCase.CommittedAt, (await commit).Ended.Outcome.EndCase);
        Refusal refusal = await Refused.AsAsync(RefusalStatus.Unavailable, RefusalReason.ShuttingDown, () => stream.Ended);
        Assert.True(refusal.MayRetry);
        await stopping;
    }

    [Fact]
    public async Task Stop_CommitNeverVoted_IsAnsweredUnavailableAfterTheDrainTimeout()
    {
        await using TestCoordinator coordinator = await ServeAsync("stops_undrained", o =>
        {
            o.DrainTimeout = TimeSpan.FromMilliseconds(100);
            o.VoteTimeout = TimeSpan.FromMinutes(1);
        });
        await using FakeParticipant participant = await FakeParticipant.ConnectAsync(coordinator, FakeParticipant.Silent, Left, Right);
        TestClient client = await TestClient.HelloAsync(coordinator);
        await using TestConversation stream = await TestConversation.OpenAsync(coordinator.Calls);
        TransactionContext context = client.NewContext();
        Task<V1.ClientReply> commit = (await stream.AskAllAsync(
            new V1.ClientRequest { Commit = client.Request(context, TestCluster.Wrote(Left, Right)) }))[0];
        await participant.ExpectAsync<CoordinatorFrame.Prepare>(context.Id);

        Task stopping = coordinator.StopAsync();

        // In doubt, and so not ABORTED: the log alone may end it now.
        Refusal? refusal = RefusalMapping.FromStatus((await commit).Refused);
        Assert.Equal(
            (RefusalStatus.Unavailable, RefusalReason.ShuttingDown, AbortReason.Unspecified),
            (refusal!.Status, refusal.Reason, refusal.AbortReason));
        Assert.Contains("Resolve", refusal.Message, StringComparison.Ordinal);
        await Refused.AsAsync(RefusalStatus.Unavailable, RefusalReason.ShuttingDown, () => stream.Ended);
        await stopping;
    }

    [Fact]
    public async Task Request_ThatFailsInTheCoordinator_IsAnsweredInternalAndLoggedAndNoOtherIsTouched()
    {
        await using TestCoordinator coordinator = await ServeAsync("fails");
        TestClient client = await TestClient.HelloAsync(coordinator);
        await using TestConversation stream = await TestConversation.OpenAsync(coordinator.Calls);
        TransactionContext context = client.NewContext();
        using MeterListener broken = new();
        broken.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Name == "transactions.coordinator.commit.duration" && ReferenceEquals(instrument.Meter.Scope, coordinator.Meters))
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        broken.SetMeasurementEventCallback<double>((_, _, _, _) => throw new InvalidOperationException("broken by the test"));
        broken.Start();

        V1.ClientReply reply = await stream.AskAsync(new() { Commit = client.Request(context, [], "fails") });

        // No refusal of ours: nobody may read an outcome out of it.
        Assert.Equal((int)StatusCode.Internal, reply.Refused.Code);
        Assert.Null(RefusalMapping.FromStatus(reply.Refused));
        (_, _, string text) = Assert.Single(coordinator.Lines.All, l => l.Id == RequestFailed);
        Assert.Contains("broken by the test", text, StringComparison.Ordinal);
        Assert.True((await stream.AskAsync(new() { GetTimestamp = new() })).Timestamp.Timestamp > 0);
        Assert.True((await client.ResolveAsync(context, [], "fails")).Outcome.IsCommitted);
    }

    private static RefusalReason? ReasonOf(V1.ClientReply reply) => RefusalMapping.FromStatus(reply.Refused)?.Reason;

    private static ShardFrame? Waiting(ShardGeneration owner, CoordinatorFrame frame) =>
        frame is CoordinatorFrame.Prepare ? null : FakeParticipant.Honest(owner, frame);

    private static Task VoteAsync(FakeParticipant participant, TransactionContext context, CoordinatorFrame.Prepare asked)
    {
        Vote yes = Vote.Yes(asked.Floor, asked.Floor.Plus(Duration.FromSeconds(10)));
        return participant.SendAsync(new ShardFrame.Voted(context.Id, Left, yes), new ShardFrame.Voted(context.Id, Right, yes));
    }

    private async Task<TestCoordinator> ServeAsync(string database, Action<Transactions.Coordinator.Server.CoordinatorServerOptions>? configure = null) =>
        await TestCoordinator.ServeAsync(await postgres.NewDatabaseAsync(database), configure: o =>
        {
            o.VoteTimeout = TimeSpan.FromSeconds(30);
            configure?.Invoke(o);
        });
}
