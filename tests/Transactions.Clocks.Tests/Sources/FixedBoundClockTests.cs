using Microsoft.Extensions.Time.Testing;
using NodaTime;
using Xunit;

namespace Transactions.Clocks.Tests.Sources;

public sealed class FixedBoundClockTests
{
    private static readonly Duration Bound = Duration.FromMilliseconds(10);

    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 11, 23, 12, 45, 10, TimeSpan.Zero));

    [Fact]
    public void Read_BetweenMicroseconds_ContainsEveryTimeWithinTheBound()
    {
        _time.Advance(TimeSpan.FromTicks(9));

        ClockReading reading = new FixedBoundClock(_time, Bound).Read();

        Timestamp floor = Timestamp.FromInstant(Instant.FromUtc(2026, 11, 23, 12, 45, 10));
        Assert.Equal(floor, reading.Now);
        Assert.Equal(floor.Minus(Bound), reading.Earliest);
        Assert.Equal(floor.Plus(Bound + Duration.FromTicks(10)), reading.Latest);
    }

    [Fact]
    public void Read_TimePasses_MovesTheMonotonicCounterAlong()
    {
        var clock = new FixedBoundClock(_time, Bound);
        ClockReading first = clock.Read();
        _time.Advance(TimeSpan.FromMilliseconds(1_234));

        Assert.Equal(1_234_000, clock.Read().MonotonicMicroseconds - first.MonotonicMicroseconds);
    }

    [Fact]
    public void Read_SetBackBeyondTheBounds_IsUnhealthyUntilItCaughtUp()
    {
        var time = new SteppedTimeProvider();
        var clock = new FixedBoundClock(time, Bound);
        Timestamp earliest = clock.Read().Earliest;

        time.Step = TimeSpan.FromMilliseconds(-21);
        ClockReading after = clock.Read();
        Assert.Equal(ClockUnhealthyReason.WentBackwards, after.Health.Reason);
        Assert.Contains("set back", after.Health.Message, StringComparison.Ordinal);

        time.Step = TimeSpan.FromMilliseconds(-20);
        Assert.True(clock.Read().IsHealthy);
        Assert.True(clock.Read().Latest >= earliest);
    }

    [Fact]
    public void Read_MachineClockNotSet_GivesAReadingAllTheSame()
    {
        var time = new SteppedTimeProvider { Step = TimeSpan.FromDays(-365 * 80) };

        ClockReading reading = new FixedBoundClock(time, Bound).Read();

        Assert.Equal(Timestamp.Zero, reading.Now);
        Assert.Equal(Timestamp.Zero, reading.Earliest);
    }

    [Fact]
    public void Read_Healthy_AllocatesNothing()
    {
        var clock = new FixedBoundClock(TimeProvider.System, Bound);
        Assert.True(clock.Read().IsHealthy);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1_000; i++)
        {
            clock.Read();
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public async Task Read_ManyThreads_NeverTakesALateThreadForAStepBackwards()
    {
        // With no bound at all, every preempted reading would look like one, if the floor were taken after it.
        var clock = new FixedBoundClock(TimeProvider.System, Duration.Zero);

        bool[] healthy = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(
            () => Enumerable.Range(0, 50_000).All(_ => clock.Read().IsHealthy),
            TestContext.Current.CancellationToken)));

        Assert.All(healthy, Assert.True);
    }

    [Fact]
    public void IsBoundAssumed_Always_IsTrue() => Assert.True(new FixedBoundClock(_time, Bound).IsBoundAssumed);

    [Fact]
    public void Constructor_BoundOutOfRange_Throws()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new FixedBoundClock(_time, -Duration.Epsilon));
        Assert.Throws<ArgumentOutOfRangeException>(() => new FixedBoundClock(_time, Duration.FromMilliseconds(10_001)));
    }

    /// <summary>A wall clock that a test steps either way.</summary>
    private sealed class SteppedTimeProvider : TimeProvider
    {
        private static readonly DateTimeOffset Start = new(2026, 11, 23, 12, 45, 10, TimeSpan.Zero);

        public TimeSpan Step { get; set; }

        public override DateTimeOffset GetUtcNow() => Start + Step;
    }
}
