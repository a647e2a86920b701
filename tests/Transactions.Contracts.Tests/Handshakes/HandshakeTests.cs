using Google.Protobuf;
using NodaTime;
using Transactions.Clocks;
using Transactions.Model;
using Xunit;

namespace Transactions.Contracts.Tests;

[Trait("Rule", "T5")]
public sealed class HandshakeTests
{
    private static readonly ClockInterval Clock = ClockInterval.Around(Samples.Now, Duration.FromMilliseconds(1));
    private static readonly ParticipantHandshake Handshake = new(Samples.Cluster, new HelloProof(Samples.Secret));
    private static readonly ShardEndpoint Owned = new(Samples.Owner, "https://payments:5001");

    [Fact]
    public void ParticipantHello_ThereAndBack_IsTheSame()
    {
        Assert.True(Handshake.TryAccept(Hello(), Clock, out ParticipantIntroduction? read, out _));
        Assert.Equal(("shop", ProtocolLimits.Default, "payments-7f"), (read.Cluster, read.Limits, read.Identity));
        Assert.Equal([Owned], read.Owned);
    }

    /// <summary>Hellos with one fault each, and the reason and field that the refusal must name.</summary>
    public static TheoryData<RefusalReason, string, Action<V1.ParticipantHello>> HelloFaults() => new()
    {
        { RefusalReason.ClusterMismatch, "protocol_version", h => h.ProtocolVersion = 2 },
        { RefusalReason.ClusterMismatch, "cluster", h => h.Cluster = "shop-test" },
        { RefusalReason.ClusterMismatch, "limits", h => h.Limits.Mode = V1.ClockMode.Hybrid },
        { RefusalReason.ClusterMismatch, "limits", h => h.Limits.MaxOffset.Nanos++ },
        { RefusalReason.InvalidField, "limits", h => h.Limits = null },
        { RefusalReason.InvalidField, "limits.mode", h => h.Limits.Mode = V1.ClockMode.Unspecified },
        { RefusalReason.InvalidField, "limits.mode", h => h.Limits.Mode = (V1.ClockMode)3 },
        { RefusalReason.InvalidField, "limits.retention", h => h.Limits.Retention = null },
        { RefusalReason.InvalidField, "identity", h => h.Identity = "" },
        { RefusalReason.InvalidField, "owned[0].shard", h => h.Owned[0].Shard = "" },
        { RefusalReason.InvalidField, "owned[0].generation", h => h.Owned[0].Generation = 0 },
        { RefusalReason.InvalidField, "owned[0].endpoint", h => h.Owned[0].Endpoint = new string('e', 501) },
        { RefusalReason.InvalidField, "issued_at", h => h.IssuedAt = 0 },
        { RefusalReason.InvalidField, "proof", h => h.Proof = ByteString.Empty },
        { RefusalReason.BadSignature, "proof", h => h.Proof = ByteString.CopyFrom(new byte[32]) },
        { RefusalReason.BadSignature, "proof", h => h.Identity = "mallory" },
        { RefusalReason.BadSignature, "proof", h => h.IssuedAt++ },
    };

    [Theory]
    [MemberData(nameof(HelloFaults), DisableDiscoveryEnumeration = true)]
    public void ParticipantHello_WithAFault_IsRefusedNamingTheField(
        RefusalReason reason, string field, Action<V1.ParticipantHello> spoil)
    {
        var hello = Hello();
        spoil(hello);

        Assert.False(Handshake.TryAccept(hello, Clock, out _, out Refusal? refusal));
        Assert.Equal((reason, field), (refusal.Reason, refusal.Field));
    }

    [Theory]
    [InlineData(-30_400, true)]
    [InlineData(-30_600, false)]
    [InlineData(400, true)]
    [InlineData(600, false)]
    public void ParticipantHello_AnotherTime_IsAcceptedWithinTheAge(int milliseconds, bool expected)
    {
        Timestamp issuedAt = Timestamp.FromMicroseconds(Samples.Now.Microseconds + (milliseconds * 1_000L));
        bool isAccepted = Handshake.TryAccept(
            Handshake.Introduce("payments-7f", [Owned], issuedAt), Clock, out _, out Refusal? refusal);

        Assert.Equal(expected, isAccepted);
        Assert.Equal(expected ? null : "issued_at", refusal?.Field);
    }

    [Fact]
    public void ParticipantHello_AnotherSecret_IsUnauthenticated()
    {
        ParticipantHandshake other = new(Samples.Cluster, new HelloProof(ClusterSecret.FromBytes("another secret, of 32 bytes..."u8)));

        Assert.False(other.TryAccept(Hello(), Clock, out _, out Refusal? refusal));
        Assert.Equal(RefusalStatus.Unauthenticated, refusal.Status);
    }

    [Fact]
    public void Proof_MovedBoundary_IsAnother()
    {
        HelloProof proof = new(Samples.Secret);

        Assert.NotEqual(proof.Prove("ab", "c", Samples.Now), proof.Prove("a", "bc", Samples.Now));
    }

    [Fact]
    public void CoordinatorHello_ThereAndBack_IsTheSame()
    {
        CoordinatorIntroduction introduction = new(Samples.Home, 4);

        Assert.True(Handshake.TryAccept(Handshake.Answer(introduction), out CoordinatorIntroduction? read, out _));
        Assert.Equal(introduction, read);
    }

    /// <summary>Hellos with one fault each, and the field that the refusal must name.</summary>
    public static TheoryData<string, Action<V1.CoordinatorHello>> CoordinatorFaults() => new()
    {
        { "protocol_version", h => h.ProtocolVersion = 0 },
        { "cluster", h => h.Cluster = "" },
        { "limits", h => h.Limits.MaxLifetime.Seconds++ },
        { "coordinator", h => h.Coordinator = "" },
        { "key_epoch", h => h.KeyEpoch = 0 },
    };

    [Theory]
    [MemberData(nameof(CoordinatorFaults), DisableDiscoveryEnumeration = true)]
    public void CoordinatorHello_WithAFault_IsRefusedNamingTheField(string field, Action<V1.CoordinatorHello> spoil)
    {
        var hello = Handshake.Answer(new(Samples.Home, 4));
        spoil(hello);

        Assert.False(Handshake.TryAccept(hello, out _, out Refusal? refusal));
        Assert.Equal(field, refusal.Field);
    }

    [Fact]
    public void Hello_Missing_IsRefused()
    {
        Assert.False(Handshake.TryAccept(null, Clock, out _, out _));
        Assert.False(Handshake.TryAccept(null, out _, out _));
        Assert.False(ClientHandshake.TryAccept((V1.StoreHello?)null, Samples.Cluster, out _, out _));
        Assert.False(ClientHandshake.TryAccept((V1.ClientStreamHello?)null, Samples.Cluster, out _, out _));
        Assert.False(ClientHandshake.TryRead((V1.StoreWelcome?)null, Samples.Cluster, out _, out _));
    }

    [Fact]
    public void ClientHello_ThereAndBack_GivesAKeyThatVerifies()
    {
        ClientWelcome welcome = new(
            Samples.Home, ProtocolLimits.Default, ClientKey.Derive(Samples.Secret, "checkout", 4), Clock, [Owned], [new("c2", "https://c2")]);

        Assert.True(ClientHandshake.TryAccept(
            ClientHandshake.Introduce("shop", "checkout"), Samples.Cluster, out string client, out _));
        Assert.True(ClientHandshake.TryRead(ClientHandshake.Answer(welcome), client, out ClientWelcome? read, out _));
        Assert.Equal((welcome.Coordinator, welcome.Limits, welcome.Clock), (read.Coordinator, read.Limits, read.Clock));
        Assert.Equal(welcome.Owners, read.Owners);
        Assert.Equal(welcome.Coordinators, read.Coordinators);
        Assert.True(new ContextVerifier(Samples.Secret, 4).TryVerify(new ContextSigner(read.Key).Sign(Samples.Context), out _, out _));
    }

    [Fact]
    public void ClientHello_Mismatch_IsRefused()
    {
        var hello = ClientHandshake.Introduce("other", "checkout");
        Assert.False(ClientHandshake.TryAccept(hello, Samples.Cluster, out _, out Refusal? refusal));
        Assert.Equal(RefusalReason.ClusterMismatch, refusal.Reason);

        hello = ClientHandshake.Introduce("shop", new string('c', 101));
        Assert.False(ClientHandshake.TryAccept(hello, Samples.Cluster, out _, out refusal));
        Assert.Equal("client", refusal.Field);
    }

    [Fact]
    public void StoreHello_ThereAndBack_IsTheSame()
    {
        Assert.True(ClientHandshake.TryAccept(
            ClientHandshake.IntroduceToStore("shop", "checkout"), Samples.Cluster, out string client, out _));
        Assert.Equal("checkout", client);
        Assert.True(ClientHandshake.TryRead(
            ClientHandshake.AnswerToStream(Samples.Cluster, [Owned]), Samples.Cluster, out var owned, out _));
        Assert.Equal([Owned], owned);
        Assert.False(ClientHandshake.TryAccept(
            ClientHandshake.IntroduceToStore("other", "checkout"), Samples.Cluster, out _, out Refusal? refusal));
        Assert.Equal(RefusalReason.ClusterMismatch, refusal.Reason);
    }

    [Fact]
    public void ClientStreamHello_ThereAndBack_IsTheSame()
    {
        Assert.True(ClientHandshake.TryAccept(
            ClientHandshake.IntroduceOnStream("shop", "checkout"), Samples.Cluster, out string client, out _));
        Assert.Equal("checkout", client);
        V1.ClientStreamWelcome welcome = ClientHandshake.AnswerOnStream(Samples.Cluster, Samples.Home);
        Assert.Equal(
            (WireLimits.ProtocolVersion, "shop", Samples.Home),
            (welcome.ProtocolVersion, welcome.Cluster, new CoordinatorId(welcome.Coordinator, new Incarnation(welcome.Incarnation))));
    }

    /// <summary>Hellos with one fault each, and the reason and field that the refusal must name.</summary>
    public static TheoryData<RefusalReason, string, Action<V1.ClientStreamHello>> ClientStreamHelloFaults() => new()
    {
        { RefusalReason.ClusterMismatch, "protocol_version", h => h.ProtocolVersion = 2 },
        { RefusalReason.ClusterMismatch, "cluster", h => h.Cluster = "other" },
        { RefusalReason.InvalidField, "cluster", h => h.Cluster = new string('c', 64) },
        { RefusalReason.InvalidField, "hello.client", h => h.Client = "" },
        { RefusalReason.InvalidField, "hello.client", h => h.Client = new string('c', 101) },
    };

    [Theory]
    [MemberData(nameof(ClientStreamHelloFaults))]
    public void ClientStreamHello_WithAFault_IsRefused(RefusalReason reason, string field, Action<V1.ClientStreamHello> spoil)
    {
        V1.ClientStreamHello hello = ClientHandshake.IntroduceOnStream("shop", "checkout");
        spoil(hello);

        Assert.False(ClientHandshake.TryAccept(hello, Samples.Cluster, out _, out Refusal? refusal));
        Assert.Equal((reason, field), (refusal.Reason, refusal.Field));
    }

    private static V1.ParticipantHello Hello() => Handshake.Introduce("payments-7f", [Owned], Samples.Now);
}
