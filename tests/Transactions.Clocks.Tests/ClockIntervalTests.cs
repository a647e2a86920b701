using CsCheck;
using NodaTime;
using Xunit;

namespace Transactions.Clocks.Tests;

public sealed class ClockIntervalTests
{
    private static readonly ClockInterval Interval = new(Timestamp.FromMicroseconds(1_000, 3), Timestamp.FromMicroseconds(1_200));

    [Fact]
    public void Constructor_LatestBeforeEarliest_Throws()
    {
        Assert.Throws<ArgumentException>(() => new ClockInterval(new Timestamp(2), new Timestamp(1)));
        Assert.Equal(Duration.Zero, new ClockInterval(new Timestamp(2), new Timestamp(2)).Width);
    }

    [Fact]
    public void Contains_TheEnds_AreInside()
    {
        Assert.True(Interval.Contains(Interval.Earliest));
        Assert.True(Interval.Contains(Interval.Latest));
        Assert.False(Interval.Contains(Interval.Earliest.Previous()));
        Assert.False(Interval.Contains(Interval.Latest.Next()));
        Assert.Equal(Duration.FromTicks(2_000), Interval.Width);
    }

    [Fact]
    public void Until_OfAnyTimestamp_IsNegativeExactlyWhenItIsPast() =>
        Gen.Select(Gen.Long[0, 5_000], Gen.Long[0, 5_000]).Sample((earliest, asked) =>
        {
            var interval = new ClockInterval(new Timestamp(earliest), Timestamp.MaxValue);
            return interval.Until(new Timestamp(asked)) < Duration.Zero == earliest > asked;
        });

    [Fact]
    public void Until_SomeTimeAhead_IsThatTime()
    {
        Assert.Equal(Duration.FromMilliseconds(1), Interval.Until(Timestamp.FromMicroseconds(2_000, 3)));
        Assert.Equal(-Duration.FromTicks(10), Interval.Until(Timestamp.FromMicroseconds(999, 3)));
    }

    [Fact]
    public void Around_PartsOfMicroseconds_RoundsOutwards()
    {
        ClockInterval around = ClockInterval.Around(Timestamp.FromMicroseconds(100), Duration.FromNanoseconds(1_001));

        Assert.Equal(Timestamp.FromMicroseconds(98), around.Earliest);
        Assert.Equal(Timestamp.FromMicroseconds(102), around.Latest);
        Assert.Equal(
            new ClockInterval(Timestamp.Zero, Timestamp.MaxValue),
            ClockInterval.Around(Timestamp.FromMicroseconds(100), Duration.MaxValue));
        Assert.Throws<ArgumentOutOfRangeException>(() => ClockInterval.Around(Timestamp.Zero, -Duration.Epsilon));
    }

    [Fact]
    public void Accepts_AtTheLimit_AcceptsAndRefusesTheNext()
    {
        Duration offset = Duration.FromMilliseconds(5);
        Timestamp limit = Interval.Latest.Plus(offset);

        // T2
        Assert.True(Interval.Accepts(limit, offset));
        Assert.False(Interval.Accepts(limit.Next(), offset));
        Assert.Equal(Duration.Zero, Interval.UntilAccepted(limit, offset));
    }

    [Fact]
    public void UntilAccepted_WaitedOut_IsAccepted() =>
        Gen.Select(Gen.Long[0, 1L << 40], Gen.Long[0, 1L << 40], Gen.Long[1, 1_000_000_000]).Sample((latest, asked, nanos) =>
        {
            var interval = new ClockInterval(Timestamp.Zero, new Timestamp(latest));
            Duration offset = Duration.FromNanoseconds(nanos);
            Duration wait = interval.UntilAccepted(new Timestamp(asked), offset);
            var then = new ClockInterval(Timestamp.Zero, interval.Latest.Plus(wait));

            Assert.Equal(wait == Duration.Zero, interval.Accepts(new Timestamp(asked), offset));
            Assert.True(wait >= Duration.Zero);
            Assert.True(then.Accepts(new Timestamp(asked), offset));
        });
}
