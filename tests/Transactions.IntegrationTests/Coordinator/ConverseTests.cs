using Google.Protobuf;
using Grpc.Core;
using NodaTime;
using Transactions.Clocks;
using Transactions.Contracts;
using Transactions.IntegrationTests.Fixtures;
using Transactions.Model;
using Xunit;
using Asked = Transactions.Contracts.V1.ClientRequest.BodyOneofCase;
using RpcStatus = Google.Rpc.Status;
using V1 = Transactions.Contracts.V1;

namespace Transactions.IntegrationTests.Coordinator;

/// <summary>What a client asks on its stream: answered, or refused, word for word as by the unary method.</summary>
public sealed class ConverseTests(CoordinatorFixture fixture, PostgresFixture postgres) : IClassFixture<CoordinatorFixture>
{
    private readonly TestCoordinator _coordinator = fixture.Coordinator;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<string, StatusCode> Wrong => new()
    {
        { "commit without context", StatusCode.InvalidArgument },
        { "commit with a forged context", StatusCode.Unauthenticated },
        { "commit of too many shards", StatusCode.ResourceExhausted },
        { "commit of another coordinator's", StatusCode.FailedPrecondition },
        { "commit of another client's", StatusCode.PermissionDenied },
        { "abort without context", StatusCode.InvalidArgument },
        { "abort past its deadline", StatusCode.FailedPrecondition },
        { "resolve without context", StatusCode.InvalidArgument },
        { "resolve of nothing written", StatusCode.FailedPrecondition },
        { "heartbeat without client", StatusCode.InvalidArgument },
        { "heartbeat of another client's", StatusCode.PermissionDenied },
        { "get_outcome of nothing", StatusCode.InvalidArgument },
    };

    [Fact]
    public async Task Converse_EveryKindOfRequest_IsAnsweredAsByItsUnaryMethod()
    {
        TestClient client = await TestClient.HelloAsync(_coordinator);
        ShardGeneration shard = TestCluster.Shard("twins/0");
        await using FakeParticipant participant = await FakeParticipant.ConnectAsync(_coordinator, shard);
        await using TestConversation stream = await TestConversation.OpenAsync(_coordinator.Calls);
        TransactionContext committed = client.NewContext();
        TransactionContext aborted = client.NewContext();
        TransactionContext resolved = client.NewContext();

        // The first answer ends the transaction; the second one, by the other way, must repeat it.
        await AreAlikeAsync(stream, new() { Commit = client.Request(committed, TestCluster.Wrote(shard), "twins", [1, 2, 3]) });
        await AreAlikeAsync(stream, new() { Abort = new() { Context = client.Sign(aborted) } });
        await AreAlikeAsync(stream, new() { Resolve = client.ToResolve(resolved, TestCluster.Wrote(shard, TestCluster.Shard("twins/1"))) });
        await AreAlikeAsync(stream, new() { GetOutcome = ClientCallMapping.ToOutcomeRequest(committed.Id) });
        await AreAlikeAsync(stream, new() { GetOutcome = ClientCallMapping.ToOutcomeRequest(new IdempotencyKey("shop", "twins")) });
        V1.ClientReply heard = await AreAlikeAsync(stream, new() { Heartbeat = ClientCallMapping.ToHeartbeat("shop", [aborted.Id, committed.Id]) });

        Assert.True((await client.GetOutcomeAsync(committed.Id))!.Outcome.IsCommitted);
        Assert.Equal(Outcome.Aborted(AbortReason.Resolved), (await client.GetOutcomeAsync(resolved.Id))!.Outcome);
        Assert.Contains(aborted.Id.ToBytes(), heard.Heartbeat.Ended.Select(e => e.Transaction.ToByteArray()));
    }

    [Fact]
    [Trait("Rule", "S1")]
    public async Task Converse_GetTimestamp_LiesBetweenTheUnaryOnesBeforeAndAfter()
    {
        await using TestConversation stream = await TestConversation.OpenAsync(_coordinator.Calls);
        V1.GetTimestampReply before = await _coordinator.Calls.GetTimestampAsync(new(), cancellationToken: Token);

        V1.GetTimestampReply asked = (await stream.AskAsync(new() { GetTimestamp = new() })).Timestamp;

        V1.GetTimestampReply after = await _coordinator.Calls.GetTimestampAsync(new(), cancellationToken: Token);
        Assert.True(before.Timestamp <= asked.Timestamp && asked.Timestamp <= after.Timestamp);
        Assert.True(asked.Earliest <= asked.Latest && asked.Latest <= asked.Timestamp);
    }

    [Theory]
    [MemberData(nameof(Wrong))]
    [Trait("Rule", "7")]
    public async Task Converse_RefusedRequest_HasTheStatusAndDetailsOfItsUnaryMethod(string what, StatusCode status)
    {
        await using TestConversation stream = await TestConversation.OpenAsync(_coordinator.Calls);

        V1.ClientReply reply = await AreAlikeAsync(stream, await SpoilAsync(what));

        Assert.Equal((int)status, reply.Refused.Code);
        Assert.NotNull(RefusalMapping.FromStatus(reply.Refused));
        Assert.True((await stream.AskAsync(new() { GetTimestamp = new() })).Timestamp.Timestamp > 0);
    }

    [Fact]
    [Trait("Rule", "T3")]
    public async Task Converse_ClockUnhealthy_IsRefusedAsByTheUnaryMethodUntilItIsHealthy()
    {
        await using TestCoordinator coordinator = await TestCoordinator.ServeAsync(await postgres.NewDatabaseAsync("converse_clock"));
        await using TestConversation stream = await TestConversation.OpenAsync(coordinator.Calls);
        coordinator.Clock.IsBroken = true;

        RpcException unary = await Assert.ThrowsAsync<RpcException>(async () => await coordinator.Calls.GetTimestampAsync(new(), cancellationToken: Token));
        V1.ClientReply reply = await stream.AskAsync(new() { GetTimestamp = new() });

        Assert.Equal(RefusalReason.ClockUnhealthy, RefusalMapping.FromStatus(reply.Refused)?.Reason);
        Assert.Equal(unary.GetRpcStatus(), reply.Refused);
        coordinator.Clock.IsBroken = false;
        Assert.True((await stream.AskAsync(new() { GetTimestamp = new() })).Timestamp.Timestamp > 0);
    }

    [Fact]
    public async Task Converse_RequestThatAsksNothing_NamesTheField()
    {
        await using TestConversation stream = await TestConversation.OpenAsync(_coordinator.Calls);

        V1.ClientReply reply = await stream.AskAsync(new());

        Refusal? refusal = RefusalMapping.FromStatus(reply.Refused);
        Assert.Equal((RefusalReason.InvalidField, "body"), (refusal!.Reason, refusal.Field));
    }

    [Fact]
    public async Task Converse_RequestsAlongWithTheHello_AreAnswered()
    {
        Task<V1.ClientReply>? reply = null;
        await using TestConversation stream = await TestConversation.OpenAsync(_coordinator.Calls, along: s =>
        {
            V1.ClientRequest first = new() { GetTimestamp = new() };
            reply = s.Expect(first);
            return first;
        });

        Assert.True((await reply!).Timestamp.Timestamp > 0);
        Assert.Equal("one", stream.Welcome.Coordinator);
        Assert.Equal((await TestClient.HelloAsync(_coordinator)).Home.Incarnation.Value, stream.Welcome.Incarnation);
    }

    private async Task<V1.ClientReply> AreAlikeAsync(TestConversation stream, V1.ClientRequest request)
    {
        V1.ClientReply reply = await stream.AskAsync(request);
        V1.ClientReply unary;
        try
        {
            unary = request.BodyCase switch
            {
                Asked.Commit => new() { Ended = await _coordinator.Calls.CommitAsync(request.Commit) },
                Asked.Abort => new() { Ended = await _coordinator.Calls.AbortAsync(request.Abort) },
                Asked.Resolve => new() { Ended = await _coordinator.Calls.ResolveAsync(request.Resolve) },
                Asked.Heartbeat => new() { Heartbeat = await _coordinator.Calls.HeartbeatAsync(request.Heartbeat) },
                Asked.GetOutcome => new() { Outcome = await _coordinator.Calls.GetOutcomeAsync(request.GetOutcome) },
                Asked.GetTimestamp => new() { Timestamp = await _coordinator.Calls.GetTimestampAsync(request.GetTimestamp) },
                Asked.None or Asked.Cancel => throw new InvalidOperationException($"{request.BodyCase} has no twin."),
            };
        }
        catch (RpcException refused)
        {
            RpcStatus? status = refused.GetRpcStatus();
            Assert.Equal((int)refused.StatusCode, status?.Code);
            unary = new() { Refused = status };
        }

        unary.Correlation = request.Correlation;
        Assert.Equal(unary, reply);
        return reply;
    }

    private async Task<V1.ClientRequest> SpoilAsync(string what)
    {
        TestClient client = await TestClient.HelloAsync(_coordinator);
        TransactionContext context = client.NewContext();
        V1.CommitRequest commit = client.Request(context, []);
        switch (what)
        {
            case "commit without context":
                return new() { Commit = new() };
            case "commit with a forged context":
                commit.Context.Signature = ByteString.CopyFrom(new byte[32]);
                return new() { Commit = commit };
            case "commit of too many shards":
                return new() { Commit = client.Request(context, TestCluster.Wrote([.. Enumerable.Range(0, 5).Select(i => TestCluster.Shard($"five/{i}"))])) };
            case "commit of another coordinator's":
                return new() { Commit = client.Request(context with { Coordinator = new("two", new Incarnation(1)) }, []) };
            case "commit of another client's":
                TestClient thief = await TestClient.HelloAsync(_coordinator, "thief");
                await _coordinator.Calls.CommitAsync(client.Request(context, TestCluster.Wrote(TestCluster.Shard("owned/0"), TestCluster.Shard("owned/1")), "key"));
                return new() { Commit = thief.Request(context with { Client = "thief" }, []) };
            case "abort without context":
                return new() { Abort = new() };
            case "abort past its deadline":
                return new() { Abort = new() { Context = client.Sign(client.NewContext(TestClient.Now.Minus(Duration.FromMinutes(5)))) } };
            case "resolve without context":
                return new() { Resolve = new() };
            case "resolve of nothing written":
                return new() { Resolve = client.ToResolve(context, TestCluster.Read(TestCluster.Shard("unread/0"))) };
            case "heartbeat without client":
                return new() { Heartbeat = new() };
            case "heartbeat of another client's":
                V1.BeginReply begun = await _coordinator.Calls.BeginAsync(new() { Client = "owner" });
                return new() { Heartbeat = new() { Client = "thief", Transactions = { begun.Transaction.Id } } };
            case "get_outcome of nothing":
                return new() { GetOutcome = new() };
            default:
                throw new ArgumentOutOfRangeException(nameof(what), what, "Nobody spoils so.");
        }
    }
}
