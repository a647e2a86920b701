using System.Globalization;
using CsCheck;
using NodaTime;
using Xunit;

namespace Transactions.Clocks.Tests;

/// <summary>The readable form is exact: nothing is lost on the way through a log.</summary>
public sealed class TimestampTextTests
{
    private static readonly Timestamp Sample =
        Timestamp.FromInstant(Instant.FromUtc(2026, 11, 23, 12, 45, 10).Plus(Duration.FromTicks(1_234_560)));

    [Fact]
    public void Parse_OfAnyFormatted_IsTheTimestamp() => Gen.Long.Select(value => new Timestamp(value)).Sample(timestamp =>
        Timestamp.Parse(timestamp.ToString()) == timestamp
        && Timestamp.Parse(timestamp.ToString("D", null)) == timestamp
        && Timestamp.Parse($"{timestamp:G}") == timestamp);

    [Theory]
    [InlineData(long.MinValue)]
    [InlineData(long.MaxValue)]
    [InlineData(-1)]
    [InlineData(0)]
    [InlineData(1023)]
    [InlineData(1024)]
    public void Parse_OfFormattedEdges_IsTheTimestamp(long value) =>
        Assert.Equal(new Timestamp(value), Timestamp.Parse(new Timestamp(value).ToString()));

    [Fact]
    public void ToString_WithAndWithoutCounter_ReadsWell()
    {
        Timestamp counted = Timestamp.FromMicroseconds(Sample.Microseconds, 7);

        Assert.Equal("2026-11-23T12:45:10.123456Z", Sample.ToString());
        Assert.Equal("2026-11-23T12:45:10.123456Z#7", counted.ToString());
        Assert.Equal(counted.Value.ToString(CultureInfo.InvariantCulture), counted.ToString("D", null));
        Assert.Throws<FormatException>(() => counted.ToString("X", null));
    }

    [Theory]
    [InlineData("2026-11-23T12:45:10Z", 0, 0)]
    [InlineData("2026-11-23T12:45:10.5Z", 500_000, 0)]
    [InlineData("2026-11-23T12:45:10.000001Z#1023", 1, 1023)]
    [InlineData("2026-11-23T12:45:10Z#0", 0, 0)]
    public void Parse_ShorterForms_AreRead(string text, long microseconds, int counter)
    {
        long second = Timestamp.FromInstant(Instant.FromUtc(2026, 11, 23, 12, 45, 10)).Microseconds;

        Assert.Equal(Timestamp.FromMicroseconds(second + microseconds, counter), Timestamp.Parse(text));
    }

    [Theory]
    [InlineData("")]
    [InlineData(" 1")]
    [InlineData("1,000")]
    [InlineData("9223372036854775808")]
    [InlineData("2026-11-23")]
    [InlineData("2026-11-23T12:45:10")]
    [InlineData("2026-11-23T12:45:10+01:00")]
    [InlineData("2026-11-23T12:45:10.1234567Z")]
    [InlineData("2026-02-30T12:45:10Z")]
    [InlineData("2026-11-23T12:45:10Z#")]
    [InlineData("2026-11-23T12:45:10Z#1024")]
    [InlineData("2026-11-23T12:45:10Z#-1")]
    [InlineData("2026-11-23T12:45:10Z#1#2")]
    [InlineData("12#1")]
    [InlineData("2300-01-01T00:00:00Z")]
    [InlineData("1600-01-01T00:00:00Z")]
    public void Parse_AnythingElse_IsRefused(string text)
    {
        Assert.False(Timestamp.TryParse(text, null, out Timestamp result));
        Assert.Equal(default, result);
        Assert.Throws<FormatException>(() => Timestamp.Parse(text));
    }

    [Fact]
    public void TryFormat_TooLittleRoom_SaysSo() => Gen.Long.Select(value => new Timestamp(value)).Sample(timestamp =>
    {
        string text = timestamp.ToString();
        Span<char> room = stackalloc char[40];
        for (int length = 0; length < text.Length; length++)
        {
            Assert.False(timestamp.TryFormat(room[..length], out int none, default, null));
            Assert.Equal(0, none);
        }

        Assert.True(timestamp.TryFormat(room[..text.Length], out int written, default, null));
        Assert.Equal(text, room[..written]);
    });
}
