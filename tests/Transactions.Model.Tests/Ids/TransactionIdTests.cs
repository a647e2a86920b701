using CsCheck;
using NodaTime;
using Transactions.Clocks;
using Xunit;

namespace Transactions.Model.Tests;

[Trait("Rule", "X1")]
public sealed class TransactionIdTests
{
    private static readonly Timestamp Noon = Timestamp.FromInstant(Instant.FromUtc(2026, 11, 23, 12, 0));

    [Fact]
    public void Create_FromDateAndChance_LaysOutVersion7()
    {
        byte[] chance = [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF];

        byte[] bytes = TransactionId.Create(Timestamp.FromMicroseconds(0x0123_4567_89ABL * 1000), chance).ToBytes();

        Assert.Equal("0123456789AB7FFFBFFFFFFFFFFFFFFF", Convert.ToHexString(bytes));
    }

    [Fact]
    public void Create_FromDateAndChance_IssuedAtIsTheMillisecond()
    {
        Gen.Select(Gen.Long[0, 4_102_444_800_000_000L], Gen.Byte.Array[10]).Sample((microseconds, chance) =>
        {
            TransactionId id = TransactionId.Create(Timestamp.FromMicroseconds(microseconds), chance);
            return id.IssuedAt == Timestamp.FromMicroseconds(microseconds / 1000 * 1000);
        });
    }

    [Fact]
    public void Create_FromDate_IsDatedAndUnique()
    {
        TransactionId first = TransactionId.Create(Noon);
        TransactionId second = TransactionId.Create(Noon);

        Assert.Equal(Noon, first.IssuedAt);
        Assert.NotEqual(first, second);
    }

    [Fact]
    public void CompareTo_AnyTwo_IsTheOrderOfTheBytes()
    {
        Gen<TransactionId> ids = Gen.Byte.Array[16].Select(b => new TransactionId(new Guid(b, bigEndian: true)));
        Gen.Select(ids, ids).Sample((a, b) =>
            Math.Sign(a.CompareTo(b)) == Math.Sign(a.ToBytes().AsSpan().SequenceCompareTo(b.ToBytes())));
    }

    [Fact]
    public void CompareTo_LaterMillisecond_IsGreater()
    {
        Gen.Select(Gen.Byte.Array[10], Gen.Byte.Array[10]).Sample((a, b) =>
            TransactionId.Create(Noon, a).CompareTo(TransactionId.Create(Noon.Plus(Duration.FromMilliseconds(1)), b)) < 0);
    }

    [Fact]
    public void TryRead_OwnBytes_ReadsTheSame()
    {
        Gen.Byte.Array[10].Sample(chance =>
        {
            TransactionId id = TransactionId.Create(Noon, chance);
            return TransactionId.TryRead(id.ToBytes(), out TransactionId read) && read == id;
        });
    }

    [Theory]
    [InlineData("01234567-89ab-4fff-bfff-ffffffffffff")]
    [InlineData("01234567-89ab-1fff-bfff-ffffffffffff")]
    [InlineData("01234567-89ab-8fff-bfff-ffffffffffff")]
    [InlineData("01234567-89ab-7fff-7fff-ffffffffffff")]
    [InlineData("01234567-89ab-7fff-cfff-ffffffffffff")]
    [InlineData("00000000-0000-0000-0000-000000000000")]
    public void TryRead_OtherVersionOrVariant_IsRefused(string uuid)
    {
        Assert.False(TransactionId.TryRead(Guid.Parse(uuid).ToByteArray(bigEndian: true), out _));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(15)]
    [InlineData(17)]
    public void TryRead_WrongLength_IsRefused(int length)
    {
        byte[] bytes = [.. TransactionId.Create(Noon).ToBytes(), 0];

        Assert.False(TransactionId.TryRead(bytes.AsSpan(0, length), out _));
    }

    [Fact]
    public void IssuedAt_GreatestDate_Saturates()
    {
        Assert.Equal(Timestamp.MaxValue, new TransactionId(Guid.AllBitsSet).IssuedAt);
    }
}
