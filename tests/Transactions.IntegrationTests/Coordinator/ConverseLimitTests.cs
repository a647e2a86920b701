using Grpc.Core;
using Transactions.Contracts;
using Transactions.IntegrationTests.Fixtures;
using Transactions.Model;
using Xunit;
using V1 = Transactions.Contracts.V1;

namespace Transactions.IntegrationTests.Coordinator;

/// <summary>What it takes for a client's stream to be refused or ended: Hello, sizes, counts, and peers that don't read.</summary>
[Trait("Rule", "7")]
public sealed class ConverseLimitTests(CoordinatorFixture fixture, PostgresFixture postgres) : IClassFixture<CoordinatorFixture>
{
    private const int StreamBroken = 1126;

    private readonly TestCoordinator _coordinator = fixture.Coordinator;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(
        2, "tests", "shop", RefusalStatus.FailedPrecondition, RefusalReason.ClusterMismatch, "protocol_version", "2 at the peer", "1 at this side", "run versions")]
    [InlineData(
        1, "production", "shop", RefusalStatus.FailedPrecondition, RefusalReason.ClusterMismatch, "cluster", "'production'", "'tests'", "check both")]
    [InlineData(1, "tests", "", RefusalStatus.InvalidArgument, RefusalReason.InvalidField, "hello.client", "1 to 100 characters")]
    [Trait("Rule", "T5")]
    public async Task Converse_WrongHello_IsRefused(
        int version, string cluster, string client, RefusalStatus status, RefusalReason reason, string field, params string[] says)
    {
        V1.ClientStreamHello hello = new() { ProtocolVersion = version, Cluster = cluster, Client = client };

        Refusal refusal = await Refused.AsAsync(status, reason, () => TestConversation.OpenAsync(_coordinator.Calls, hello), says);

        Assert.Equal(field, refusal.Field);
    }

    [Fact]
    public async Task Converse_WithoutHello_NamesItAndAnswersNothing()
    {
        using AsyncDuplexStreamingCall<V1.ClientRequests, V1.ClientReplies> call = _coordinator.Calls.Converse(cancellationToken: Token);
        await call.RequestStream.WriteAsync(new() { Requests = { new V1.ClientRequest { GetTimestamp = new() } } }, Token);

        await Refused.FieldAsync("hello", () => call.ResponseStream.MoveNext(Token), "send it in the first message");
    }

    [Fact]
    public async Task Converse_Silent_IsEndedAfterTheHelloTimeout()
    {
        await using TestCoordinator coordinator = await TestCoordinator.ServeAsync(
            await postgres.NewDatabaseAsync("silent"), configure: o => o.Streams.HelloTimeout = TimeSpan.FromMilliseconds(100));
        using AsyncDuplexStreamingCall<V1.ClientRequests, V1.ClientReplies> call = coordinator.Calls.Converse(cancellationToken: Token);

        await Refused.FieldAsync("hello", () => call.ResponseStream.MoveNext(Token), "within 0.1 s (Streams:HelloTimeout)");
    }

    [Fact]
    public async Task Converse_CorrelationOfAnUnansweredRequest_EndsTheStream()
    {
        await using FakeParticipant participant = await FakeParticipant.ConnectAsync(
            _coordinator, FakeParticipant.Silent, TestCluster.Shard("twice/0"), TestCluster.Shard("twice/1"));
        TestClient client = await TestClient.HelloAsync(_coordinator);
        await using TestConversation stream = await TestConversation.OpenAsync(_coordinator.Calls);
        V1.ClientRequest held = new()
        {
            Commit = client.Request(client.NewContext(), TestCluster.Wrote(TestCluster.Shard("twice/0"), TestCluster.Shard("twice/1"))),
        };
        Task<V1.ClientReply> unknown = stream.Expect(held);
        V1.ClientRequest second = new() { Correlation = held.Correlation, GetTimestamp = new() };

        await stream.SendAsync(new() { Requests = { held, second } });

        await Refused.FieldAsync("requests[1].correlation", () => stream.Ended, $"is {held.Correlation}", "give each its own");
        await Assert.ThrowsAsync<IOException>(() => unknown);
    }

    [Fact]
    public async Task Converse_CorrelationOfAnAnsweredRequest_MayBeUsedAgain()
    {
        using AsyncDuplexStreamingCall<V1.ClientRequests, V1.ClientReplies> call = _coordinator.Calls.Converse(cancellationToken: Token);
        await call.RequestStream.WriteAsync(new() { Hello = TestConversation.Hello() }, Token);
        Assert.True(await call.ResponseStream.MoveNext(Token));
        for (int i = 0; i < 20; i++)
        {
            await call.RequestStream.WriteAsync(new() { Requests = { new V1.ClientRequest { Correlation = 7, GetTimestamp = new() } } }, Token);
            Assert.True(await call.ResponseStream.MoveNext(Token));
            Assert.Equal(7UL, Assert.Single(call.ResponseStream.Current.Replies).Correlation);
        }
    }

    [Theory]
    [InlineData("hello", "hello", "in the first message only")]
    [InlineData("count", "requests", "at most 512")]
    [InlineData("size", "requests", "at most 1048576")]
    public async Task Converse_MalformedMessage_EndsTheStreamNamingTheField(string fault, string field, string says)
    {
        await using TestConversation stream = await TestConversation.OpenAsync(_coordinator.Calls);
        V1.ClientRequests message = new();
        switch (fault)
        {
            case "hello":
                message.Hello = TestConversation.Hello();
                break;
            case "count":
                message.Requests.AddRange(Enumerable.Range(1, 513).Select(i => new V1.ClientRequest { Correlation = (ulong)i, GetTimestamp = new() }));
                break;
            default:
                message.Requests.AddRange(Enumerable.Range(1, 2).Select(i => new V1.ClientRequest
                {
                    Correlation = (ulong)i, GetOutcome = new() { Key = new() { Client = "shop", Key = new string('k', 600_000) } },
                }));
                break;
        }

        await stream.SendAsync(message);

        await Refused.FieldAsync(field, () => stream.Ended, says);
    }

    [Fact]
    public async Task Converse_MessageAtItsLimits_IsAnswered()
    {
        await using TestConversation stream = await TestConversation.OpenAsync(_coordinator.Calls);

        // As many as may be in one message, and a larger one that is alone in its own.
        Task<V1.ClientReply>[] full = await stream.AskAllAsync(
            [.. Enumerable.Range(0, WireLimits.MaxFramesPerMessage).Select(_ => new V1.ClientRequest { GetTimestamp = new() })]);
        V1.ClientReply large = await stream.AskAsync(new()
        {
            GetOutcome = new() { Key = new() { Client = "shop", Key = new string('k', WireLimits.MaxMessageBytes) } },
        });

        Assert.All(await Task.WhenAll(full), reply => Assert.True(reply.Timestamp.Timestamp > 0));
        Assert.Equal("key.key", RefusalMapping.FromStatus(large.Refused)?.Field);
    }

    [Fact]
    public async Task MaxClients_SilentStreamsCountToo()
    {
        await using TestCoordinator coordinator = await TestCoordinator.ServeAsync(
            await postgres.NewDatabaseAsync("clients"), configure: o => o.Streams.MaxClients = 1);
        (IDisposable silent, Refusal refusal) = await SilentStream.HoldAsync(
            () => coordinator.Calls.Converse(cancellationToken: Token), () => ConverseAsync(coordinator));
        Assert.Equal(
            (RefusalStatus.ResourceExhausted, RefusalReason.LimitReached, "streams", true),
            (refusal.Status, refusal.Reason, refusal.Field, refusal.MayRetry));
        Assert.Contains("1 clients", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("MaxClients", refusal.Message, StringComparison.Ordinal);
        await Eventually.IsTrueAsync(
            () => Task.FromResult(coordinator.ReadGauge("clients") == 1), () => "The refused one is still counted.");

        // Participants have places of their own.
        await using FakeParticipant participant = await FakeParticipant.ConnectAsync(coordinator, TestCluster.Shard("places/0"));
        silent.Dispose();

        await Eventually.IsTrueAsync(
            async () => await Refused.OfAsync(() => ConverseAsync(coordinator)) is null, () => "A stream that ended keeps its place.");
    }

    [Fact]
    public async Task Converse_ClientThatNeverReads_IsCutOff()
    {
        await using TestCoordinator coordinator = await TestCoordinator.ServeAsync(
            await postgres.NewDatabaseAsync("deaf_client"), configure: o => o.Streams.MaxQueuedFrames = 512);
        using AsyncDuplexStreamingCall<V1.ClientRequests, V1.ClientReplies> call = coordinator.Calls.Converse(cancellationToken: Token);
        await call.RequestStream.WriteAsync(new() { Hello = TestConversation.Hello() }, Token);
        ulong correlation = 0;

        // Each question is answered, and no answer is read.
        await Eventually.IsTrueAsync(
            async () =>
            {
                V1.ClientRequests message = new();
                message.Requests.AddRange(Enumerable.Range(0, 512).Select(_ => new V1.ClientRequest { Correlation = ++correlation, GetOutcome = new() }));
                try
                {
                    await call.RequestStream.WriteAsync(message, Token);
                }
                catch (Exception e) when (e is RpcException or IOException or InvalidOperationException)
                {
                    // Cut off already.
                }

                return coordinator.Lines.Count(StreamBroken) == 1;
            },
            () => "The stream isn't broken.");

        (_, _, string text) = Assert.Single(coordinator.Lines.All, l => l.Id == StreamBroken);
        Assert.Contains("MaxQueuedFrames", text, StringComparison.Ordinal);
        await using TestConversation next = await TestConversation.OpenAsync(coordinator.Calls);
        Assert.True((await next.AskAsync(new() { GetTimestamp = new() })).Timestamp.Timestamp > 0);
    }

    private static async Task ConverseAsync(TestCoordinator coordinator)
    {
        await using TestConversation stream = await TestConversation.OpenAsync(coordinator.Calls);
    }
}
