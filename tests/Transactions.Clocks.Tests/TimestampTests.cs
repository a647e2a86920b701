using CsCheck;
using NodaTime;
using Xunit;

namespace Transactions.Clocks.Tests;

/// <summary>T1: the layout and the arithmetic.</summary>
public sealed class TimestampTests
{
    private static readonly Gen<Timestamp> AnyTimestamp = Gen.Long.Select(value => new Timestamp(value));

    [Fact]
    public void Parts_OfAnyValue_MakeTheValueAgain() => AnyTimestamp.Sample(timestamp =>
        timestamp.Counter is >= 0 and <= 1023
        && Timestamp.FromMicroseconds(timestamp.Microseconds, timestamp.Counter) == timestamp);

    [Fact]
    public void Comparison_OfAnyTwo_IsThatOfIntegersAndOfParts() => Gen.Select(AnyTimestamp, AnyTimestamp).Sample((a, b) =>
        a.CompareTo(b) == a.Value.CompareTo(b.Value)
        && a.CompareTo(b) == (a.Microseconds, a.Counter).CompareTo((b.Microseconds, b.Counter))
        && (a < b) == (a.Value < b.Value) && (a <= b) == !(b < a) && (a > b) == (b < a) && (a >= b) == (b <= a)
        && Timestamp.Max(a, b) >= Timestamp.Min(a, b)
        && (Timestamp.Max(a, b) == a || Timestamp.Min(a, b) == a));

    [Fact]
    public void Next_AfterCounter1023_CarriesIntoTheMicroseconds()
    {
        Timestamp last = Timestamp.FromMicroseconds(5, 1023);

        Assert.Equal(Timestamp.FromMicroseconds(6), last.Next());
        Assert.Equal(last, last.Next().Previous());
        Assert.Equal(Timestamp.FromMicroseconds(-1, 1023), Timestamp.Zero.Previous());
        Assert.Equal(5L * 1024 + 1023, last.Value);
    }

    [Fact]
    public void Next_AtTheEnds_Throws()
    {
        Assert.Throws<OverflowException>(() => Timestamp.MaxValue.Next());
        Assert.Throws<OverflowException>(() => new Timestamp(long.MinValue).Previous());
    }

    [Theory]
    [InlineData(1L << 53, 0)]
    [InlineData(-(1L << 53) - 1, 0)]
    [InlineData(0, -1)]
    [InlineData(0, 1024)]
    public void FromMicroseconds_OutOfRange_Throws(long microseconds, int counter) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => Timestamp.FromMicroseconds(microseconds, counter));

    [Fact]
    public void FromInstant_OfAnyTimestampsInstant_DropsTheCounterOnly() => AnyTimestamp.Sample(timestamp =>
        Timestamp.FromInstant(timestamp.ToInstant()) == Timestamp.FromMicroseconds(timestamp.Microseconds));

    [Theory]
    [InlineData(1_999, 1)]
    [InlineData(2_000, 2)]
    [InlineData(-1, -1)]
    [InlineData(-1_000, -1)]
    [InlineData(-1_001, -2)]
    public void FromInstant_BetweenMicroseconds_RoundsDown(long nanoseconds, long microseconds) => Assert.Equal(
        Timestamp.FromMicroseconds(microseconds),
        Timestamp.FromInstant(NodaConstants.UnixEpoch.PlusNanoseconds(nanoseconds)));

    [Fact]
    public void FromInstant_OutOfRange_Throws()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => Timestamp.FromInstant(Instant.FromUtc(2256, 1, 1, 0, 0)));
        Assert.Throws<ArgumentOutOfRangeException>(() => Timestamp.FromInstant(Instant.FromUtc(1684, 1, 1, 0, 0)));
        Assert.Equal(2255, Timestamp.FromInstant(Instant.FromUtc(2255, 1, 1, 0, 0)).ToInstant().InUtc().Year);
    }

    [Theory]
    [InlineData(1_999, 101, 98)]
    [InlineData(2_000, 102, 98)]
    [InlineData(1, 100, 99)]
    [InlineData(-1, 99, 100)]
    [InlineData(-1_500, 98, 101)]
    public void PlusAndMinus_PartsOfMicroseconds_RoundDownAndKeepTheCounter(long nanoseconds, long plus, long minus)
    {
        Timestamp from = Timestamp.FromMicroseconds(100, 7);
        Duration duration = Duration.FromNanoseconds(nanoseconds);

        Assert.Equal(Timestamp.FromMicroseconds(plus, 7), from.Plus(duration));
        Assert.Equal(Timestamp.FromMicroseconds(minus, 7), from.Minus(duration));
    }

    [Fact]
    public void PlusAndMinus_FarValues_Saturate()
    {
        Timestamp now = Timestamp.FromInstant(Instant.FromUtc(2026, 11, 23, 12, 45));

        Assert.Equal(Timestamp.MaxValue, now.Plus(Duration.MaxValue));
        Assert.Equal(Timestamp.Zero, now.Plus(Duration.MinValue));
        Assert.Equal(Timestamp.Zero, now.Minus(Duration.MaxValue));
        Assert.Equal(Timestamp.MaxValue, now.Minus(Duration.MinValue));
        Assert.Equal(Timestamp.Zero, Timestamp.FromMicroseconds(1, 9).Minus(Duration.FromMilliseconds(1)));
        Assert.Equal(Timestamp.Zero, new Timestamp(-5).Plus(Duration.Zero));
    }

    [Fact]
    public void Since_OfAnyTwo_IsTheDifferenceOfTheMicroseconds() => Gen.Select(AnyTimestamp, AnyTimestamp).Sample((a, b) =>
        a - b == Duration.FromNanoseconds((Int128)(a.Microseconds - b.Microseconds) * 1_000) && a.Since(b) == a - b);

    [Fact]
    public void Plus_TheTimeBetweenTwo_LeadsFromOneToTheOther()
    {
        Gen<Timestamp> real = Gen.Long[0, long.MaxValue].Select(value => new Timestamp(value));

        Gen.Select(real, real).Sample((a, b) =>
            a.Plus(b - a) == Timestamp.FromMicroseconds(b.Microseconds, a.Counter)
            && a.Minus(a - b) == Timestamp.FromMicroseconds(b.Microseconds, a.Counter));
    }

    [Fact]
    public void IsNegative_BeforeTheEpoch_IsTrue()
    {
        Assert.True(Timestamp.Zero.Previous().IsNegative);
        Assert.False(Timestamp.Zero.IsNegative);
    }
}
