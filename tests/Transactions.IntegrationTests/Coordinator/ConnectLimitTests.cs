using Google.Protobuf;
using Transactions.Clocks;
using Transactions.Contracts;
using Transactions.IntegrationTests.Fixtures;
using Transactions.Model;
using Xunit;
using V1 = Transactions.Contracts.V1;

namespace Transactions.IntegrationTests.Coordinator;

/// <summary>Every size, count and range of a participant's stream: refused beyond, naming field and limit, changing nothing.</summary>
[Trait("Rule", "7")]
[Trait("Rule", "X3")]
public sealed class ConnectLimitTests(CoordinatorFixture fixture, PostgresFixture postgres) : IClassFixture<CoordinatorFixture>
{
    private static readonly ShardGeneration Shard = TestCluster.Shard("wire/0");

    private readonly TestCoordinator _coordinator = fixture.Coordinator;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<string, string, string> BadHellos => new()
    {
        { "cluster", "cluster", "at most 63" },
        { "identity", "identity", "at most 100" },
        { "no identity", "identity", "1 to 100" },
        { "unprintable identity", "identity", "send printable text" },
        { "no limits", "limits", "send it" },
        { "mode", "limits.mode", "send one of those" },
        { "negative offset", "limits.max_offset", "above zero" },
        { "no lifetime", "limits.max_lifetime", "above zero" },
        { "zero retention", "limits.retention", "above zero" },
        { "owned", "owned", "at most 10000" },
        { "endpoint", "owned[0].endpoint", "at most 500" },
        { "generation", "owned[0].generation", "at least 1" },
        { "issued_at", "issued_at", "above zero" },
        { "proof", "proof", "32" },
    };

    [Theory]
    [MemberData(nameof(BadHellos))]
    public async Task Connect_BadHello_NamesTheField(string fault, string field, string says)
    {
        V1.ParticipantHello hello = FakeParticipant.Hello(Shard);
        switch (fault)
        {
            case "cluster":
                hello.Cluster = new string('c', 64);
                break;
            case "identity":
                hello.Identity = new string('i', 101);
                break;
            case "no identity" or "unprintable identity":
                hello.Identity = fault == "no identity" ? "" : "a\u0001b";
                break;
            case "no limits":
                hello.Limits = null;
                break;
            case "mode":
                hello.Limits.Mode = (V1.ClockMode)99;
                break;
            case "negative offset":
                hello.Limits.MaxOffset = new() { Seconds = -1 };
                break;
            case "no lifetime":
                hello.Limits.MaxLifetime = null;
                break;
            case "zero retention":
                hello.Limits.Retention = new();
                break;
            case "owned":
                hello.Owned.AddRange(Enumerable.Range(1, WireLimits.MaxOwners)
                    .Select(i => OwnershipMapping.ToWire(new(TestCluster.Shard($"wire/{i - 1}"), "http://127.0.0.1:1"))));
                break;
            case "endpoint":
                hello.Owned[0].Endpoint = $"http://{new string('h', 494)}";
                break;
            case "generation":
                hello.Owned[0].Generation = 0;
                break;
            case "issued_at":
                hello.IssuedAt = -1;
                break;
            default:
                hello.Proof = ByteString.CopyFrom(new byte[31]);
                break;
        }

        await FieldAsync(field, says, () => FakeParticipant.SayAsync(_coordinator, new() { Hello = hello }));

        Assert.DoesNotContain(Shard.Shard.Value, await OwnersAsync(_coordinator));
    }

    [Theory]
    [InlineData("message", "frames", "at most 1048576")]
    [InlineData("endpoint", "frames[0].own.endpoint", "at most 500")]
    [InlineData("prepare", "frames[0].voted.yes.prepare_timestamp", "above zero")]
    [InlineData("committed", "frames[0].one_phase_ended.committed_at", "above zero")]
    [InlineData("coordinator", "frames[0].in_doubt.coordinator", "at most 63")]
    public async Task Connect_BadFrame_NamesTheFieldAndEndsTheStream(string fault, string field, string says)
    {
        await using FakeParticipant participant = await FakeParticipant.ConnectAsync(_coordinator, TestCluster.Shard("frames/0"));
        ShardGeneration owner = TestCluster.Shard("frames/0");
        TransactionId id = TransactionId.Create(TestClient.Now);
        V1.ParticipantFrame frame = fault switch
        {
            "endpoint" => OwnershipMapping.ToOwn(new(Shard, $"http://{new string('h', 494)}")),
            "prepare" => ShardFrameMapping.ToWire(new ShardFrame.Voted(id, owner, Vote.Yes(new Timestamp(1), new Timestamp(2)))),
            "committed" => ShardFrameMapping.ToWire(new ShardFrame.OnePhaseEnded(id, owner, Outcome.Committed(new Timestamp(1)))),
            "coordinator" => ShardFrameMapping.ToWire(new ShardFrame.InDoubt(id, owner, new(new string('c', 64), new Incarnation(1)))),
            _ => ShardFrameMapping.ToWire(new ShardFrame.Applied(id, owner)),
        };
        if (fault == "prepare")
        {
            frame.Voted.Yes.PrepareTimestamp = -1;
        }
        else if (fault == "committed")
        {
            frame.OnePhaseEnded.CommittedAt = 0;
        }

        V1.ParticipantFrames message = new() { Frames = { frame } };
        if (fault == "message")
        {
            frame.Shard = new string('s', 600_000);
            message.Frames.Add(frame);
        }

        await participant.SendAsync(message);

        await FieldAsync(field, says, () => participant.Ended);
        Assert.DoesNotContain(Shard.Shard.Value, await OwnersAsync(_coordinator));
    }

    [Fact]
    public async Task Connect_OneShardMoreThanAStreamMayOwn_IsALimit()
    {
        await using TestCoordinator coordinator = await TestCoordinator.ServeAsync(await postgres.NewDatabaseAsync("owners"));
        ShardGeneration[] owned = [.. Enumerable.Range(0, WireLimits.MaxOwners).Select(i => TestCluster.Shard($"wire/{i}"))];
        await using FakeParticipant participant = await FakeParticipant.ConnectAsync(coordinator, owned);
        ShardGeneration oneMore = TestCluster.Shard("more/0");

        await participant.SendAsync(new V1.ParticipantFrames { Frames = { OwnershipMapping.ToOwn(new(oneMore, "http://127.0.0.1:1")) } });

        Refusal refusal = await Refused.AsAsync(RefusalStatus.ResourceExhausted, RefusalReason.LimitReached, () => participant.Ended);
        Assert.Equal("frames[0].shard", refusal.Field);
        Assert.Contains("10000 shards", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("connect anew", refusal.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(oneMore.Shard.Value, await OwnersAsync(coordinator));
    }

    private static async Task<string[]> OwnersAsync(TestCoordinator coordinator)
    {
        V1.HelloReply reply = await coordinator.Calls.HelloAsync(ClientHandshake.Introduce(TestCluster.Name, "lister"), cancellationToken: Token);
        return [.. reply.Owners.Select(o => o.Shard)];
    }

    private static Task<Refusal> FieldAsync(string field, string says, Func<Task> call) => Refused.FieldAsync(field, call, says);
}
