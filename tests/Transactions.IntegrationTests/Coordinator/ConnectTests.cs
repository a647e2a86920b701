using Google.Protobuf;
using Grpc.Core;
using NodaTime;
using Transactions.Contracts;
using Transactions.IntegrationTests.Fixtures;
using Transactions.Model;
using Xunit;
using V1 = Transactions.Contracts.V1;

namespace Transactions.IntegrationTests.Coordinator;

/// <summary>The participant's stream: who may speak on it, and what it takes for it to be ended.</summary>
public sealed class ConnectTests(CoordinatorFixture fixture, PostgresFixture postgres) : IClassFixture<CoordinatorFixture>
{
    private readonly TestCoordinator _coordinator = fixture.Coordinator;

    [Fact]
    [Trait("Rule", "X3")]
    public async Task Connect_Hello_IsAnsweredAndTheShardsAreListed()
    {
        ShardGeneration shard = TestCluster.Shard("listed/0", generation: 3);
        await using FakeParticipant participant = await FakeParticipant.ConnectAsync(_coordinator, shard);

        Assert.Equal("one", participant.Coordinator.Coordinator.Name);
        await Eventually.IsTrueAsync(async () => (await OwnersAsync()).Contains(shard), () => "The shard isn't listed.");
    }

    [Fact]
    [Trait("Rule", "L1")]
    public async Task Connect_OwnAndDisown_ChangeTheList()
    {
        await using FakeParticipant participant = await FakeParticipant.ConnectAsync(_coordinator);
        ShardGeneration shard = TestCluster.Shard("moving/0");

        await participant.SendAsync(Message(OwnershipMapping.ToOwn(new(shard, "http://127.0.0.1:1"))));
        await Eventually.IsTrueAsync(async () => (await OwnersAsync()).Contains(shard), () => "The shard isn't listed.");
        await participant.SendAsync(Message(OwnershipMapping.ToDisown(shard)));
        await Eventually.IsTrueAsync(async () => !(await OwnersAsync()).Contains(shard), () => "The shard is still listed.");
    }

    [Fact]
    public async Task Connect_Disconnected_IsNoLongerListed()
    {
        ShardGeneration shard = TestCluster.Shard("leaving/0");
        FakeParticipant participant = await FakeParticipant.ConnectAsync(_coordinator, shard);
        await Eventually.IsTrueAsync(async () => (await OwnersAsync()).Contains(shard), () => "The shard isn't listed.");

        await participant.DisposeAsync();

        await Eventually.IsTrueAsync(async () => !(await OwnersAsync()).Contains(shard), () => "The shard is still listed.");
    }

    [Theory]
    [InlineData("protocol_version")]
    [InlineData("cluster")]
    [InlineData("limits")]
    [Trait("Rule", "T5")]
    public async Task Connect_Mismatch_IsRefusedNamingBothValues(string field)
    {
        ShardGeneration shard = TestCluster.Shard("mismatch/0");
        V1.ParticipantHello hello = FakeParticipant.Hello(shard);
        (string theirs, string ours) = field switch
        {
            "protocol_version" => ("9", "1"),
            "cluster" => ("'production'", "'tests'"),
            _ => ("0:00:00:00.123", "0:00:00:00.5"),
        };
        hello.ProtocolVersion = field == "protocol_version" ? 9 : 1;
        hello.Cluster = field == "cluster" ? "production" : hello.Cluster;
        hello.Limits.MaxOffset = field == "limits" ? new() { Nanos = 123_000_000 } : hello.Limits.MaxOffset;

        Refusal refusal = await Refused.AsAsync(
            RefusalStatus.FailedPrecondition,
            RefusalReason.ClusterMismatch,
            () => FakeParticipant.SayAsync(_coordinator, new() { Hello = hello }));

        Assert.Equal(field, refusal.Field);
        Assert.Contains(theirs, refusal.Message, StringComparison.Ordinal);
        Assert.Contains(ours, refusal.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(shard, await OwnersAsync());
    }

    [Fact]
    [Trait("Rule", "T5")]
    public async Task Connect_HybridMode_IsRefused()
    {
        V1.ParticipantHello hello = FakeParticipant.Hello();
        hello.Limits.Mode = V1.ClockMode.Hybrid;

        Refusal refusal = await Refused.AsAsync(
            RefusalStatus.FailedPrecondition,
            RefusalReason.ClusterMismatch,
            () => FakeParticipant.SayAsync(_coordinator, new() { Hello = hello }));

        Assert.Contains("Hybrid", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Connect_AnotherSecret_Unauthenticated()
    {
        ShardGeneration shard = TestCluster.Shard("forged/0");
        ParticipantHandshake forger = new(
            TestCluster.Identity, new HelloProof(ClusterSecret.Parse("ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA=")));
        V1.ParticipantHello hello = forger.Introduce("fake", [new(shard, "http://127.0.0.1:1")], TestClient.Now);

        Refusal refusal = await Refused.AsAsync(
            RefusalStatus.Unauthenticated,
            RefusalReason.BadSignature,
            () => FakeParticipant.SayAsync(_coordinator, new() { Hello = hello }),
            "isn't this cluster's",
            "cluster secret");

        Assert.Equal("proof", refusal.Field);
        Assert.DoesNotContain(shard, await OwnersAsync());
    }

    [Fact]
    public async Task Connect_StaleProof_Unauthenticated()
    {
        V1.ParticipantHello hello = TestCluster.Handshake.Introduce("fake", [], TestClient.Now.Minus(Duration.FromMinutes(2)));

        Refusal refusal = await Refused.AsAsync(
            RefusalStatus.Unauthenticated,
            RefusalReason.BadSignature,
            () => FakeParticipant.SayAsync(_coordinator, new() { Hello = hello }),
            $"counts for {HelloProof.MaxAge}",
            "synchronise the clocks");

        Assert.Equal("issued_at", refusal.Field);
    }

    [Fact]
    public async Task Connect_FramesBeforeHello_NamesHello() =>
        await Refused.FieldAsync("hello", () => FakeParticipant.SayAsync(_coordinator, new()), "send it in the first message");

    [Fact]
    public async Task Connect_SilentAtFirst_EndsAfterTheTimeout()
    {
        await using TestCoordinator coordinator = await TestCoordinator.ServeAsync(
            await postgres.NewDatabaseAsync("silent"), configure: o => o.Streams.HelloTimeout = TimeSpan.FromMilliseconds(100));
        using AsyncDuplexStreamingCall<V1.ParticipantFrames, V1.CoordinatorFrames> call = coordinator.Calls.Connect(
            cancellationToken: TestContext.Current.CancellationToken);

        await Refused.FieldAsync(
            "hello", () => call.ResponseStream.MoveNext(TestContext.Current.CancellationToken), "within 0.1 s (Streams:HelloTimeout)");
    }

    [Fact]
    public async Task Connect_MoreParticipantsThanAllowed_NamesTheLimit()
    {
        await using TestCoordinator coordinator = await TestCoordinator.ServeAsync(
            await postgres.NewDatabaseAsync("crowded"), configure: o => o.Streams.MaxParticipants = 1);
        await using FakeParticipant first = await FakeParticipant.ConnectAsync(coordinator);

        Refusal refusal = await Refused.AsAsync(
            RefusalStatus.ResourceExhausted,
            RefusalReason.LimitReached,
            () => FakeParticipant.SayAsync(coordinator, new() { Hello = FakeParticipant.Hello() }),
            "1 participants' streams",
            "(Streams:MaxParticipants)",
            "try again later");

        Assert.Equal(("streams", true), (refusal.Field, refusal.MayRetry));
    }

    [Theory]
    [InlineData("unknown shard", "frames[1].shard", "send own first")]
    [InlineData("later generation", "frames[1].generation", "send own first")]
    [InlineData("disown of another's", "frames[1].shard", "send own first")]
    [InlineData("no id", "frames[1].transaction", "UUID of version 7")]
    [InlineData("no body", "frames[1].body", "send one of those")]
    [InlineData("unknown reason", "frames[1].dropped", "send one of those")]
    [InlineData("backward vote", "frames[1].voted.yes.valid_until", "send one that doesn't")]
    [InlineData("empty vote", "frames[1].voted.vote", "send it")]
    [InlineData("unknown no", "frames[1].voted.no", "send one of those")]
    [InlineData("enlist of another id", "frames[1].enlist.id", "send the same")]
    [InlineData("enlist priority", "frames[1].enlist.priority", "above zero")]
    [InlineData("enlist deadline", "frames[1].enlist.deadline", "above zero")]
    [InlineData("enlist coordinator", "frames[1].enlist.coordinator", "at most 63")]
    [InlineData("enlist client", "frames[1].enlist.client", "1 to 100")]
    [InlineData("empty resolution", "frames[1].resolved.resolution", "send it")]
    [InlineData("unknown resolution", "frames[1].resolved.uncommitted", "send one that is")]
    [InlineData("zero resolution", "frames[1].resolved.committed_at", "above zero")]
    [InlineData("negative resolution", "frames[1].resolved.committed_at", "above zero")]
    public async Task Connect_WrongFrame_EndsTheStreamAndTheWholeMessageIsDropped(string fault, string field, string says)
    {
        ShardGeneration owned = TestCluster.Shard("spoiled/0");
        ShardGeneration others = TestCluster.Shard("spoiled/1");
        TransactionId id = TransactionId.Create(TestClient.Now);
        V1.ParticipantFrame wrong = ShardFrameMapping.ToWire(new ShardFrame.Dropped(id, owned, AbortReason.Wounded));
        V1.TransactionContext enlist = ContextMapping.ToWire(
            new(id, TestClient.Now, TestClient.Now.Plus(Duration.FromSeconds(20)), new("one", new Incarnation(1)), "shop"));
        Action spoil = fault switch
        {
            "unknown shard" => () => wrong.Shard = others.Shard.Value,
            "later generation" => () => wrong.Generation = 2,
            "disown of another's" => () => wrong = OwnershipMapping.ToDisown(others),
            "no id" => () => wrong.Transaction = ByteString.Empty,
            "no body" => () => wrong.ClearBody(),
            "unknown reason" => () => wrong.Dropped = (V1.AbortReason)99,
            "empty vote" => () => wrong.Voted = new(),
            "unknown no" => () => wrong.Voted = new() { No = (V1.AbortReason)99 },
            "enlist of another id" => () => (wrong.Enlist = enlist).Id = ByteString.CopyFrom(TransactionId.Create(TestClient.Now).ToBytes()),
            "enlist priority" => () => (wrong.Enlist = enlist).Priority = 0,
            "enlist deadline" => () => (wrong.Enlist = enlist).Deadline = -1,
            "enlist coordinator" => () => (wrong.Enlist = enlist).Coordinator = new string('c', 64),
            "enlist client" => () => (wrong.Enlist = enlist).Client = "",
            "empty resolution" => () => wrong.Resolved = new(),
            "unknown resolution" => () => wrong.Resolved = new() { Uncommitted = (V1.UncommittedKind)99 },
            "zero resolution" => () => wrong.Resolved = new() { CommittedAt = 0 },
            "negative resolution" => () => wrong.Resolved = new() { CommittedAt = -1 },
            _ => () => wrong.Voted = new() { Yes = new() { PrepareTimestamp = 2, ValidUntil = 1 } },
        };
        spoil();

        await using FakeParticipant participant = await FakeParticipant.ConnectAsync(_coordinator, owned);
        ShardGeneration extra = TestCluster.Shard("spoiled/2");
        await participant.SendAsync(Message(OwnershipMapping.ToOwn(new(extra, "http://127.0.0.1:1")), wrong));

        await Refused.FieldAsync(field, () => participant.Ended, says);
        Assert.DoesNotContain(extra, await OwnersAsync());
    }

    [Fact]
    public async Task Connect_HelloAgain_NamesHello()
    {
        await using FakeParticipant participant = await FakeParticipant.ConnectAsync(_coordinator);

        await participant.SendAsync(new V1.ParticipantFrames { Hello = FakeParticipant.Hello() });

        await Refused.FieldAsync("hello", () => participant.Ended, "send it in the first message only");
    }

    [Theory]
    [InlineData(512, true)]
    [InlineData(513, false)]
    public async Task Connect_FramesAtTheLimit_AreTakenAndBeyondItNot(int count, bool isTaken)
    {
        ShardGeneration shard = TestCluster.Shard("batch/0");
        await using FakeParticipant participant = await FakeParticipant.ConnectAsync(_coordinator, shard);
        TransactionId id = TransactionId.Create(TestClient.Now);

        // The last frame is one that is answered.
        await participant.SendAsync([
            .. Enumerable.Repeat<ShardFrame>(new ShardFrame.Applied(id, shard), count - 1),
            new ShardFrame.InDoubt(id, shard, new("gone", new Incarnation(1)))]);

        if (isTaken)
        {
            Assert.False((await participant.ExpectAsync<CoordinatorFrame.Ended>(id)).Outcome.IsCommitted);
        }
        else
        {
            await Refused.FieldAsync("frames", () => participant.Ended, "has 513 elements", "at most 512");
        }
    }

    [Fact]
    [Trait("Rule", "X3")]
    public async Task Connect_LateFrameOfAShardThatLeft_IsTaken()
    {
        ShardGeneration shard = TestCluster.Shard("gone/0");
        await using FakeParticipant participant = await FakeParticipant.ConnectAsync(_coordinator, shard);
        TransactionId id = TransactionId.Create(TestClient.Now);
        await participant.SendAsync(Message(OwnershipMapping.ToDisown(shard)));

        await participant.SendAsync(new ShardFrame.InDoubt(id, shard, new("gone", new Incarnation(1))));

        Assert.False((await participant.ExpectAsync<CoordinatorFrame.Ended>(id)).Outcome.IsCommitted);
    }

    private static V1.ParticipantFrames Message(params V1.ParticipantFrame[] frames)
    {
        V1.ParticipantFrames message = new();
        message.Frames.AddRange(frames);
        return message;
    }

    private async Task<ShardGeneration[]> OwnersAsync()
    {
        V1.HelloReply reply = await _coordinator.Calls.HelloAsync(ClientHandshake.Introduce(TestCluster.Name, "lister"));
        return [.. reply.Owners.Select(o => TestCluster.Shard(o.Shard, o.Generation))];
    }
}
