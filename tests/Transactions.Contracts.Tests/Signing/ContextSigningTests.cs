using System.Diagnostics.CodeAnalysis;
using CsCheck;
using Google.Protobuf;
using Transactions.Model;
using Xunit;

namespace Transactions.Contracts.Tests;

[Trait("Rule", "X1")]
public sealed class ContextSigningTests
{
    private static readonly ContextVerifier Verifier = new(Samples.Secret, 4);
    private static readonly ContextSigner Signer = new(ClientKey.Derive(Samples.Secret, "checkout", 4));

    [Fact]
    public void Verify_OwnSignature_ReadsTheContext()
    {
        Samples.Contexts.Sample(context =>
        {
            Assert.True(TryVerifyMetadata(Signer.SignMetadata(context), out TransactionContext? read, out _));
            Assert.Equal(context, read);
        });
    }

    [Fact]
    public void Verify_AnyFlippedBit_IsRefused()
    {
        byte[] good = Signer.SignMetadata(Samples.Context);
        for (int bit = 0; bit < good.Length * 8; bit++)
        {
            byte[] bad = [.. good];
            bad[bit / 8] ^= (byte)(1 << (bit % 8));

            // A flip may only pass where it leaves payload and signature as they were (an unknown field's bytes can't).
            Assert.False(TryVerifyMetadata(bad, out _, out Refusal? refusal), $"bit {bit} doesn't matter");
            Assert.True(refusal.Status is RefusalStatus.Unauthenticated or RefusalStatus.InvalidArgument);
        }
    }

    [Fact]
    public void Verify_AnyTruncation_IsRefused()
    {
        byte[] good = Signer.SignMetadata(Samples.Context);
        for (int length = 0; length < good.Length; length++)
        {
            Assert.False(TryVerifyMetadata(good.AsSpan(0, length), out _, out _));
        }
    }

    [Fact]
    public void Verify_ChangedField_IsUnauthenticated()
    {
        var signed = Signer.Sign(Samples.Context);
        var claimed = V1.TransactionContext.Parser.ParseFrom(signed.Payload);
        claimed.Priority = 1;
        signed.Payload = claimed.ToByteString();

        AssertUnauthenticated(signed);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(31)]
    [InlineData(33)]
    public void Verify_SignatureOfAnotherLength_IsUnauthenticated(int length)
    {
        var signed = Signer.Sign(Samples.Context);
        signed.Signature = ByteString.CopyFrom([.. signed.Signature, 0], 0, length);

        AssertUnauthenticated(signed);
    }

    [Fact]
    public void Verify_AnotherClientsKey_IsUnauthenticated()
    {
        ContextSigner other = new(ClientKey.Derive(Samples.Secret, "mallory", 4));
        var signed = other.Sign(Samples.Context with { Client = "mallory" });
        var claimed = V1.TransactionContext.Parser.ParseFrom(signed.Payload);
        claimed.Client = "checkout";
        var forged = new V1.SignedContext { Payload = claimed.ToByteString(), Signature = signed.Signature };

        AssertUnauthenticated(forged);
    }

    [Fact]
    public void Verify_AnotherClustersSecret_IsUnauthenticated()
    {
        ClusterSecret other = ClusterSecret.FromBytes("another secret, of 32 bytes..."u8);

        AssertUnauthenticated(new ContextSigner(ClientKey.Derive(other, "checkout", 4)).Sign(Samples.Context));
    }

    [Theory]
    [InlineData(2, false)]
    [InlineData(3, true)]
    [InlineData(4, true)]
    [InlineData(5, true)]
    [InlineData(6, false)]
    public void Verify_Epoch_IsAcceptedNextToThePresentOne(int epoch, bool expected)
    {
        ContextSigner signer = new(ClientKey.Derive(Samples.Secret, "checkout", epoch));

        Assert.Equal(expected, Verifier.TryVerify(signer.Sign(Samples.Context), out _, out Refusal? refusal));
        Assert.Equal(expected, refusal is null);
    }

    [Fact]
    public void Verify_TheEpochSwapped_IsUnauthenticated()
    {
        var signed = new ContextSigner(ClientKey.Derive(Samples.Secret, "checkout", 3)).Sign(Samples.Context);
        var claimed = V1.TransactionContext.Parser.ParseFrom(signed.Payload);
        claimed.KeyEpoch = 4;

        AssertUnauthenticated(new V1.SignedContext { Payload = claimed.ToByteString(), Signature = signed.Signature });
    }

    [Theory]
    [InlineData(0)]
    [InlineData(int.MinValue)]
    [InlineData(int.MaxValue)]
    public void Verify_EpochOutOfRange_IsUnauthenticated(int epoch)
    {
        var claimed = ContextMapping.ToWire(Samples.Context, epoch);

        AssertUnauthenticated(new V1.SignedContext { Payload = claimed.ToByteString(), Signature = ByteString.CopyFrom(new byte[32]) });
    }

    [Fact]
    public void Verify_Oversized_IsInvalid()
    {
        Assert.False(TryVerifyMetadata(new byte[WireLimits.MaxContextBytes + 1], out _, out Refusal? refusal));
        Assert.Equal((RefusalStatus.InvalidArgument, "txn-context-bin"), (refusal.Status, refusal.Field));

        var signed = Signer.Sign(Samples.Context);
        signed.Payload = ByteString.CopyFrom(new byte[WireLimits.MaxContextBytes + 1]);
        Assert.False(Verifier.TryVerify(signed, out _, out refusal));
        Assert.Equal((RefusalStatus.InvalidArgument, "context.payload"), (refusal.Status, refusal.Field));
    }

    [Fact]
    public void Verify_LongestNames_FitTheLimit()
    {
        string client = new('\uFFFD', TransactionContext.MaxClientLength);
        string coordinator = new('\uFFFD', CoordinatorId.MaxNameLength);
        ContextSigner signer = new(ClientKey.Derive(Samples.Secret, client, 4));
        byte[] metadata = signer.SignMetadata(
            Samples.Context with { Client = client, Coordinator = new(coordinator, new Incarnation(-1)) });

        Assert.True(TryVerifyMetadata(metadata, out _, out _));
    }

    /// <summary>Payloads that a client signed with one fault each, and the field that the refusal must name.</summary>
    public static TheoryData<string, Action<V1.TransactionContext>> Faults() => new()
    {
        { "context.id", c => c.Id = ByteString.CopyFrom(new byte[16]) },
        { "context.priority", c => c.Priority = 0 },
        { "context.priority", c => c.Priority = -1 },
        { "context.deadline", c => c.Deadline = long.MinValue },
        { "context.coordinator", c => c.Coordinator = "" },
        { "context.coordinator", c => c.Coordinator = new string('c', 64) },
        { "context.client", c => c.Client = "" },
        { "context.client", c => c.Client = new string('c', 101) },
        { "context.client", c => c.Client = "a\nb" },
    };

    [Theory]
    [MemberData(nameof(Faults), DisableDiscoveryEnumeration = true)]
    public void Verify_SignedButMalformed_IsInvalidNamingTheField(string field, Action<V1.TransactionContext> spoil)
    {
        var claimed = ContextMapping.ToWire(Samples.Context, 4);
        spoil(claimed);
        byte[] payload = claimed.ToByteArray();
        byte[] signature = ClientKey.Derive(Samples.Secret, "checkout", 4).Sign(payload);

        Assert.False(Verifier.TryVerify(
            new V1.SignedContext { Payload = ByteString.CopyFrom(payload), Signature = ByteString.CopyFrom(signature) },
            out _,
            out Refusal? refusal));
        Assert.Equal((RefusalStatus.InvalidArgument, field), (refusal.Status, refusal.Field));
    }

    [Fact]
    public void Verify_Nothing_IsInvalid()
    {
        Assert.False(Verifier.TryVerify(null, out _, out Refusal? refusal));
        Assert.Equal("context", refusal.Field);
    }

    [Fact]
    public void Verify_MoreClientsThanKeysAreKept_StillVerifies()
    {
        for (int i = 0; i < 2_100; i++)
        {
            string client = $"client-{i}";
            ContextSigner signer = new(ClientKey.Derive(Samples.Secret, client, 4));
            Assert.True(Verifier.TryVerify(signer.Sign(Samples.Context with { Client = client }), out _, out _));
        }
    }

    [Fact]
    public void Verify_AnyBytes_NeverThrows()
    {
        Gen.Byte.Array[0, 300].Sample(bytes => !TryVerifyMetadata(bytes, out _, out Refusal? refusal) && refusal is not null);
    }

    [Fact]
    public void Sign_AnotherClientsContext_IsRefused()
    {
        Assert.Throws<ArgumentException>(() => Signer.Sign(Samples.Context with { Client = "other" }));
    }

    private static bool TryVerifyMetadata(
        ReadOnlySpan<byte> metadata, [NotNullWhen(true)] out TransactionContext? context, [NotNullWhen(false)] out Refusal? refusal)
    {
        context = null;
        return ContextMapping.TryReadSignedMetadata(metadata, out V1.SignedContext? signed, out refusal)
            && Verifier.TryVerify(signed, out context, out refusal);
    }

    private static void AssertUnauthenticated(V1.SignedContext signed)
    {
        Assert.False(Verifier.TryVerify(signed, out _, out Refusal? refusal));
        Assert.Equal((RefusalStatus.Unauthenticated, RefusalReason.BadSignature), (refusal.Status, refusal.Reason));
    }
}
