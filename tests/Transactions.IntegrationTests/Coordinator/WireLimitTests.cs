using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using NodaTime;
using Transactions.Clocks;
using Transactions.Contracts;
using Transactions.Model;
using Xunit;
using V1 = Transactions.Contracts.V1;

namespace Transactions.IntegrationTests.Coordinator;

/// <summary>Every size, count and range that the coordinator's contract has: refused beyond, naming field and limit, changing nothing.</summary>
[Trait("Rule", "7")]
public sealed class WireLimitTests(CoordinatorFixture fixture) : IClassFixture<CoordinatorFixture>
{
    private const int ReceiveLimit = 8 << 20;

    private static readonly ShardGeneration Shard = TestCluster.Shard("wire/0");

    private readonly TestCoordinator _coordinator = fixture.Coordinator;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(63, RefusalStatus.FailedPrecondition, RefusalReason.ClusterMismatch)]
    [InlineData(64, RefusalStatus.InvalidArgument, RefusalReason.InvalidField)]
    [InlineData(100_000, RefusalStatus.InvalidArgument, RefusalReason.InvalidField)]
    public async Task Hello_LongCluster_IsRefused(int length, RefusalStatus status, RefusalReason reason)
    {
        Refusal refusal = await Refused.AsAsync(status, reason, async () => await _coordinator.Calls.HelloAsync(
            ClientHandshake.Introduce(new string('c', length), "shop"), cancellationToken: Token));

        Assert.Equal("cluster", refusal.Field);
        Assert.True(length <= 63 || refusal.Message.Contains("at most 63", StringComparison.Ordinal), refusal.Message);
    }

    [Fact]
    public async Task Hello_LongClient_NamesTheLimit()
    {
        await _coordinator.Calls.HelloAsync(ClientHandshake.Introduce(TestCluster.Name, new string('c', 100)), cancellationToken: Token);

        await FieldAsync("client", "at most 100", async () => await _coordinator.Calls.HelloAsync(
            ClientHandshake.Introduce(TestCluster.Name, new string('c', 101)), cancellationToken: Token));
    }

    public static TheoryData<V1.BeginRequest, string, string> BadBegins => new()
    {
        { new() { Client = new string('c', 101) }, "client", "at most 100" },
        { new() { Client = "a\u0001b" }, "client", "control character" },
        { new() { Client = "shop", Timeout = new() { Seconds = -1 } }, "timeout", "above zero" },
        { new() { Client = "shop", Timeout = new() }, "timeout", "above zero" },
        { new() { Client = "shop", Priority = -1 }, "priority", "above zero" },
        { new() { Client = "shop", Priority = 0 }, "priority", "above zero" },
        { new() { Client = "shop", Priority = long.MaxValue }, "priority", "leave it out at the first try" },
    };

    [Theory]
    [MemberData(nameof(BadBegins))]
    public async Task Begin_BadField_NamesIt(V1.BeginRequest request, string field, string says)
    {
        int open = _coordinator.ReadGauge("open");

        await FieldAsync(field, says, async () => await _coordinator.Calls.BeginAsync(request, cancellationToken: Token));

        Assert.Equal(open, _coordinator.ReadGauge("open"));
    }

    [Fact]
    public async Task Heartbeat_BadField_NamesIt()
    {
        ByteString id = ByteString.CopyFrom(TransactionId.Create(TestClient.Now).ToBytes());
        V1.HeartbeatRequest many = new() { Client = "shop" };
        many.Transactions.AddRange(Enumerable.Repeat(id, WireLimits.MaxHeartbeats));
        await _coordinator.Calls.HeartbeatAsync(many, cancellationToken: Token);
        many.Transactions.Add(id);

        await FieldAsync("transactions", "at most 10000", async () => await _coordinator.Calls.HeartbeatAsync(many, cancellationToken: Token));
        await FieldAsync("client", "at most 100", async () => await _coordinator.Calls.HeartbeatAsync(
            new() { Client = new string('c', 101) }, cancellationToken: Token));
        await FieldAsync("transactions[1]", "16 bytes", async () => await _coordinator.Calls.HeartbeatAsync(
            new() { Client = "shop", Transactions = { id, ByteString.CopyFrom(new byte[15]) } }, cancellationToken: Token));
    }

    [Theory]
    [InlineData(100, 201, "key.key", "at most 200")]
    [InlineData(100, 0, "key.key", "1 to 200")]
    [InlineData(101, 200, "key.client", "at most 100")]
    [InlineData(0, 200, "key.client", "1 to 100")]
    [Trait("Rule", "D6")]
    public async Task GetOutcome_BadKey_NamesIt(int client, int key, string field, string says) =>
        await FieldAsync(field, says, async () => await _coordinator.Calls.GetOutcomeAsync(
            new() { Key = new() { Client = new string('c', client), Key = new string('k', key) } }, cancellationToken: Token));

    public static TheoryData<string, string, string> BadCommits => new()
    {
        { "shards", "shards", "at most 1024" },
        { "result", "result", "at most 1048576" },
        { "empty key", "idempotency_key", "1 to 200" },
        { "long key", "idempotency_key", "at most 200" },
        { "key", "idempotency_key", "control character" },
    };

    [Theory]
    [MemberData(nameof(BadCommits))]
    public async Task Commit_BadField_NamesItAndCanBeSentAgain(string fault, string field, string says)
    {
        TestClient client = await TestClient.HelloAsync(_coordinator);
        TransactionContext context = client.NewContext();
        V1.CommitRequest request = client.Request(context, [], "a key", [1]);
        switch (fault)
        {
            case "shards":
                request.Shards.AddRange(Enumerable.Range(0, Participation.MaxShards + 1)
                    .Select(i => CommitMapping.ToWire(new(TestCluster.Shard($"many/{i}"), Wrote: true, Operations: 1))));
                break;
            case "result":
                request.Result = ByteString.CopyFrom(new byte[WireLimits.MaxResultBytes + 1]);
                break;
            default:
                request.IdempotencyKey = fault == "empty key" ? "" : fault == "long key" ? new string('k', 201) : "a\u0000b";
                break;
        }

        await FieldAsync(field, says, () => client.CommitAsync(request));
        await client.IsUntouchedAsync(context);
    }

    public static TheoryData<string, string, string> BadContexts => new()
    {
        { "id", "context.id", "UUID of version 7" },
        { "priority", "context.priority", "above zero" },
        { "negative priority", "context.priority", "above zero" },
        { "deadline", "context.deadline", "above zero" },
        { "coordinator", "context.coordinator", "1 to 63" },
        { "long coordinator", "context.coordinator", "at most 63" },
    };

    // Signed as it should be, so that only the words themselves are at fault.
    [Theory]
    [MemberData(nameof(BadContexts))]
    [Trait("Rule", "X1")]
    public async Task Context_BadField_IsRefusedByEveryCallThatTakesOne(string fault, string field, string says)
    {
        TestClient client = await TestClient.HelloAsync(_coordinator);
        TransactionContext context = client.NewContext();
        V1.TransactionContext claimed = V1.TransactionContext.Parser.ParseFrom(client.Sign(context).Payload);
        switch (fault)
        {
            case "id":
                claimed.Id = ByteString.CopyFrom(new byte[16]);
                break;
            case "priority":
                claimed.Priority = 0;
                break;
            case "negative priority":
                claimed.Priority = -1;
                break;
            case "deadline":
                claimed.Deadline = long.MinValue;
                break;
            default:
                claimed.Coordinator = fault == "coordinator" ? "" : new string('c', 64);
                break;
        }

        V1.SignedContext signed = client.Sign(claimed);

        await FieldAsync(field, says, async () => await _coordinator.Calls.CommitAsync(new() { Context = signed }, cancellationToken: Token));
        await FieldAsync(field, says, async () => await _coordinator.Calls.AbortAsync(new() { Context = signed }, cancellationToken: Token));
        await FieldAsync(field, says, async () => await _coordinator.Calls.ResolveAsync(new() { Context = signed }, cancellationToken: Token));
        await client.IsUntouchedAsync(context);
    }

    [Theory]
    [InlineData("forged", RefusalStatus.Unauthenticated, RefusalReason.BadSignature, "context", "sign the payload with the key that Hello gave")]
    [InlineData("truncated", RefusalStatus.InvalidArgument, RefusalReason.InvalidField, "context.payload", "send a serialized TransactionContext")]
    [InlineData("oversized", RefusalStatus.InvalidArgument, RefusalReason.InvalidField, "context.payload", "at most 1024")]
    [InlineData("old key", RefusalStatus.Unauthenticated, RefusalReason.BadSignature, "context", "say Hello again")]
    [InlineData("missing", RefusalStatus.InvalidArgument, RefusalReason.InvalidField, "context", "send it")]
    [Trait("Rule", "X1")]
    public async Task Context_NotOfThisCluster_IsRefusedByAbortAndResolve(
        string fault, RefusalStatus status, RefusalReason reason, string field, string says)
    {
        TestClient client = await TestClient.HelloAsync(_coordinator);
        TransactionContext context = client.NewContext();
        V1.SignedContext? signed = client.Sign(context);
        switch (fault)
        {
            case "forged":
                byte[] signature = signed.Signature.ToByteArray();
                signature[^1] ^= 1;
                signed.Signature = ByteString.CopyFrom(signature);
                break;
            case "truncated":
                signed.Payload = ByteString.CopyFrom(signed.Payload.Span[..^3]);
                break;
            case "oversized":
                signed.Payload = ByteString.CopyFrom(new byte[WireLimits.MaxContextBytes + 1]);
                break;
            case "old key":
                signed = new ContextSigner(ClientKey.Derive(TestCluster.Options.ToSecret(), "shop", 3)).Sign(context);
                break;
            default:
                signed = null;
                break;
        }

        Refusal abort = await Refused.AsAsync(
            status, reason, async () => await _coordinator.Calls.AbortAsync(new() { Context = signed }, cancellationToken: Token), says);
        Refusal resolve = await Refused.AsAsync(
            status, reason, async () => await _coordinator.Calls.ResolveAsync(new() { Context = signed }, cancellationToken: Token), says);

        Assert.Equal((field, field), (abort.Field, resolve.Field));
        await client.IsUntouchedAsync(context);
    }

    [Fact]
    [Trait("Rule", "X1")]
    public async Task Abort_IdFromTheFuture_NamesTheId()
    {
        TestClient client = await TestClient.HelloAsync(_coordinator);
        TransactionContext context = client.NewContext(TestClient.Now.Plus(Duration.FromMinutes(5)));

        Refusal refusal = await Refused.AsAsync(
            RefusalStatus.InvalidArgument, RefusalReason.IdOutOfRange, () => client.AbortAsync(context), "(MaxOffset) ahead", "set the clock");

        Assert.Equal("context.id", refusal.Field);
        Assert.Null(await client.GetOutcomeAsync(context.Id));
    }

    [Fact]
    [Trait("Rule", "X1")]
    [Trait("Rule", "D4")]
    public async Task Resolve_IdFromTheFuture_SaysAskAgainAndEndsNothing()
    {
        TestClient client = await TestClient.HelloAsync(_coordinator);
        TransactionContext context = client.NewContext(TestClient.Now.Plus(Duration.FromMinutes(5)));

        Refusal refusal = await Refused.AsAsync(
            RefusalStatus.Unavailable, RefusalReason.IdOutOfRange, () => client.ResolveAsync(context, TestCluster.Wrote(Shard)), "ahead of this coordinator's clock", "ask again");

        Assert.Equal("context.id", refusal.Field);
        Assert.Null(await client.GetOutcomeAsync(context.Id));
    }

    // gRPC itself refuses it, before anything of it is read: no detail of ours goes with that.
    [Fact]
    public async Task Commit_MessageBeyondTheReceiveLimit_ResourceExhaustedAndTheCoordinatorGoesOn()
    {
        TestClient client = await TestClient.HelloAsync(_coordinator);
        TransactionContext context = client.NewContext();

        RpcException failed = await Assert.ThrowsAsync<RpcException>(() => client.CommitAsync(context, [], "a key", new byte[ReceiveLimit + 1]));

        Assert.Equal(StatusCode.ResourceExhausted, failed.StatusCode);
        Assert.Contains("exceeds the maximum", failed.Status.Detail, StringComparison.Ordinal);
        Assert.Null(RefusalMapping.FromRpcException(failed));
        await client.IsUntouchedAsync(context);
    }

    // The stream ends under what is still being written, so that its status may be lost, and its connection with it: it has its own.
    [Fact]
    public async Task Converse_MessageBeyondTheReceiveLimit_EndsTheStreamAndTheCoordinatorGoesOn()
    {
        TestClient client = await TestClient.HelloAsync(_coordinator);
        TransactionContext context = client.NewContext();
        using GrpcChannel channel = GrpcChannel.ForAddress(_coordinator.Endpoint);
        await using TestConversation conversation = await TestConversation.OpenAsync(new V1.Coordinator.CoordinatorClient(channel));
        Task sent = conversation.SendAsync(new()
        {
            Requests = { new V1.ClientRequest { Commit = client.Request(context, [], "a key", new byte[ReceiveLimit + 1]) } },
        });

        Exception failed = await Assert.ThrowsAnyAsync<Exception>(() => conversation.Ended);

        Assert.True(failed is RpcException { StatusCode: StatusCode.ResourceExhausted } or IOException, $"{sent.Status} {failed}");
        await client.IsUntouchedAsync(context);
    }

    private static Task<Refusal> FieldAsync(string field, string says, Func<Task> call) => Refused.FieldAsync(field, call, says);
}
