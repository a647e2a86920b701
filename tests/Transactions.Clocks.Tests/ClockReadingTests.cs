using NodaTime;
using Transactions.TestKit.Clocks;
using Xunit;

namespace Transactions.Clocks.Tests;

/// <summary>T3: without bounds nothing is guessed.</summary>
public sealed class ClockReadingTests
{
    private static readonly ClockHealth Unsynchronised =
        ClockHealth.Unhealthy(ClockUnhealthyReason.Unsynchronised, "Start chrony.");

    [Fact]
    public void Bounds_WhenHealthy_AreGiven()
    {
        var interval = new ClockInterval(new Timestamp(1), new Timestamp(3));
        ClockReading reading = ClockReading.Healthy(new Timestamp(2), interval, 77);

        Assert.True(reading.IsHealthy);
        Assert.Equal((interval, interval.Earliest, interval.Latest), (reading.Interval, reading.Earliest, reading.Latest));
        Assert.Equal((new Timestamp(2), 77L), (reading.Now, reading.MonotonicMicroseconds));
    }

    [Fact]
    public void Bounds_WhenUnhealthy_Throw()
    {
        ClockReading reading = ClockReading.Unhealthy(new Timestamp(2), Unsynchronised, 77);

        Assert.False(reading.IsHealthy);
        Assert.Equal((new Timestamp(2), 77L), (reading.Now, reading.MonotonicMicroseconds));
        Assert.Throws<InvalidOperationException>(() => reading.Interval);
        Assert.Throws<InvalidOperationException>(() => reading.Earliest);
        string message = Assert.Throws<InvalidOperationException>(() => reading.Latest).Message;
        Assert.Contains("Start chrony.", message, StringComparison.Ordinal);
    }

    [Fact]
    public void ToString_WhenUnhealthy_TellsWhyAndDoesNotThrow() =>
        Assert.Contains("Start chrony.", ClockReading.Unhealthy(default, Unsynchronised, 0).ToString(), StringComparison.Ordinal);

    [Fact]
    public void Default_NeverRead_IsUnhealthy()
    {
        Assert.Equal(ClockUnhealthyReason.Unavailable, default(ClockReading).Health.Reason);
        Assert.Throws<InvalidOperationException>(() => default(ClockReading).Interval);
    }

    [Fact]
    public void Unhealthy_WithoutAReason_Throws()
    {
        Assert.Throws<ArgumentException>(() => ClockReading.Unhealthy(default, ClockHealth.Healthy, 0));
        Assert.Throws<ArgumentException>(() => ClockHealth.Unhealthy(ClockUnhealthyReason.Unspecified, "words"));
        Assert.Throws<ArgumentException>(() => ClockHealth.Unhealthy(ClockUnhealthyReason.Stale, " "));
        Assert.Throws<ArgumentException>(() => ClockUnhealthyException.From(ClockHealth.Healthy));
    }

    [Fact]
    public void Now_OfAnUnhealthyClock_ThrowsItsHealth()
    {
        var clock = new ManualClock();
        Assert.Equal(clock.Read().Interval, clock.Now());

        clock.Fail(ClockUnhealthyReason.OverLimit);

        ClockHealth health = Assert.Throws<ClockUnhealthyException>(() => clock.Now()).Health;
        Assert.Equal(ClockUnhealthyReason.OverLimit, health.Reason);
    }

    [Fact]
    public void EnsureHealthy_RefusesAnUnhealthyClockWithItsMessage()
    {
        var clock = new ManualClock(uncertainty: Duration.FromMilliseconds(2));
        Assert.Equal(Duration.FromMilliseconds(4), ClockStartup.EnsureHealthy(clock).Interval.Width);

        clock.Health = Unsynchronised;

        Assert.Equal("Start chrony.", Assert.Throws<ClockUnhealthyException>(() => ClockStartup.EnsureHealthy(clock)).Message);
    }
}
