using Google.Protobuf;
using Transactions.Model;
using Xunit;

namespace Transactions.Contracts.Tests;

[Trait("Rule", "X6")]
public sealed class CommitMappingTests
{
    private static readonly ContextVerifier Verifier = new(Samples.Secret, 4);
    private static readonly ContextSigner Signer = new(ClientKey.Derive(Samples.Secret, "checkout", 4));

    private static readonly CommitOrder Order = new(
        Samples.Context, [new CommitShard(Samples.Owner, true, 3), new CommitShard(new(ShardId.Parse("orders/0"), new(1)), false, 1)])
    {
        Key = new IdempotencyKey("checkout", "order-17"),
        Result = new byte[] { 1, 2, 3 },
    };

    [Fact]
    public void Commit_ThereAndBack_IsTheSame()
    {
        var wire = V1.CommitRequest.Parser.ParseFrom(Request().ToByteArray());

        Assert.True(CommitMapping.TryRead(wire, Verifier, out CommitOrder? read, out _));
        Assert.Equal(Order.Context, read.Context);
        Assert.Equal(Order.Shards, read.Shards);
        Assert.Equal(Order.Key, read.Key);
        Assert.Equal(Order.Result!.Value.ToArray(), read.Result!.Value.ToArray());
    }

    [Fact]
    public void Commit_WithoutKeyAndShards_IsRead()
    {
        var wire = CommitMapping.ToRequest(Signer.Sign(Samples.Context), new(Samples.Context, []));

        Assert.True(CommitMapping.TryRead(wire, Verifier, out CommitOrder? read, out _));
        Assert.Empty(read.Shards);
        Assert.Null(read.Key);
        Assert.Null(read.Result);
    }

    [Fact]
    [Trait("Rule", "D4")]
    public void Resolve_ThereAndBack_NamesTheSetAndTheKey()
    {
        var wire = CommitMapping.ToResolveRequest(Signer.Sign(Samples.Context), Order);

        Assert.True(CommitMapping.TryRead(wire, Verifier, out CommitOrder? read, out _));
        Assert.Equal(Order.Shards, read.Shards);
        Assert.Equal(Order.Key, read.Key);
    }

    [Fact]
    public void Commit_OneShardUnderTwoGenerations_IsLeftToTheCoordinator()
    {
        var wire = Request();
        wire.Shards.Add(new V1.CommitShard { Shard = "payments/0", Generation = 4, Operations = 1 });

        Assert.True(CommitMapping.TryRead(wire, Verifier, out CommitOrder? read, out _));
        Assert.Equal(3, read.Shards.Length);
    }

    /// <summary>Commits with one fault each, and the field that the refusal must name.</summary>
    public static TheoryData<string, Action<V1.CommitRequest>> Faults() => new()
    {
        { "context", r => r.Context = null },
        { "shards[1]", r => r.Shards[1] = r.Shards[0].Clone() },
        { "shards[0].shard", r => r.Shards[0].Shard = "x" },
        { "shards[0].generation", r => r.Shards[0].Generation = 0 },
        { "shards[1].operations", r => r.Shards[1].Operations = 0 },
        { "shards[1].operations", r => r.Shards[1].Operations = -1 },
        { "shards[1].operations", r => r.Shards[1].Operations = Participation.MaxOperations + 1 },
        { "shards", r => r.Shards.AddRange(Enumerable.Repeat(r.Shards[0], Participation.MaxShards - 1)) },
        { "idempotency_key", r => r.IdempotencyKey = "" },
        { "idempotency_key", r => r.IdempotencyKey = new string('k', 201) },
        { "idempotency_key", r => r.IdempotencyKey = "a\0b" },
        { "result", r => r.ClearIdempotencyKey() },
        { "result", r => r.Result = ByteString.CopyFrom(new byte[WireLimits.MaxResultBytes + 1]) },
    };

    [Theory]
    [MemberData(nameof(Faults), DisableDiscoveryEnumeration = true)]
    public void Commit_WithAFault_IsRefusedNamingTheField(string field, Action<V1.CommitRequest> spoil)
    {
        var wire = Request();
        spoil(wire);

        Assert.False(CommitMapping.TryRead(wire, Verifier, out _, out Refusal? refusal));
        Assert.Equal(field, refusal.Field);
        Assert.Equal(RefusalStatus.InvalidArgument, refusal.Status);
    }

    [Fact]
    public void Commit_AtEveryLimit_IsRead()
    {
        var wire = Request();
        wire.Shards.Clear();
        for (int i = 0; i < Participation.MaxShards; i++)
        {
            wire.Shards.Add(new V1.CommitShard { Shard = $"s/{i}", Generation = long.MaxValue, Operations = Participation.MaxOperations });
        }

        wire.IdempotencyKey = new string('k', IdempotencyKey.MaxLength);
        wire.Result = ByteString.CopyFrom(new byte[WireLimits.MaxResultBytes]);

        Assert.True(CommitMapping.TryRead(wire, Verifier, out _, out _));
    }

    private static V1.CommitRequest Request() => CommitMapping.ToRequest(Signer.Sign(Samples.Context), Order);
}
