using Microsoft.Extensions.Time.Testing;
using NodaTime;
using Transactions.TestKit.Clocks;
using Xunit;

namespace Transactions.Clocks.Tests;

/// <summary>X9: no answer before the timestamp is past.</summary>
public sealed class CommitWaitTests
{
    private readonly ManualClock _clock = new(uncertainty: Duration.FromMilliseconds(10));
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public async Task UntilPastAsync_AlreadyPast_AnswersAtOnce()
    {
        ValueTask wait = Wait().UntilPastAsync(_clock.Now().Earliest.Previous(), TestContext.Current.CancellationToken);

        Assert.True(wait.IsCompletedSuccessfully);
        await wait;
    }

    [Fact]
    public async Task UntilPastAsync_JustNotPast_Waits()
    {
        Timestamp commit = _clock.Now().Earliest;
        Task wait = Wait().UntilPastAsync(commit, TestContext.Current.CancellationToken).AsTask();
        Assert.False(wait.IsCompleted);

        Pass(Duration.FromMilliseconds(1));

        await wait;
        Assert.True(_clock.Now().Earliest > commit);
    }

    [Fact]
    public async Task UntilPastAsync_LatestOfNow_WaitsForTwiceTheUncertainty()
    {
        Timestamp commit = _clock.Now().Latest;
        Task wait = Wait().UntilPastAsync(commit, TestContext.Current.CancellationToken).AsTask();

        Pass(Duration.FromMilliseconds(20));
        Assert.False(wait.IsCompleted);
        Assert.Equal(Duration.Zero, _clock.Now().Until(commit));

        Pass(Duration.FromMilliseconds(1));
        await wait;
    }

    [Fact]
    public async Task UntilPastAsync_DelayFiresEarly_ReadsTheClockAndWaitsOn()
    {
        var early = new ObservedTimeProvider(_time, shareOfDelays: 0.5);
        Timestamp commit = _clock.Now().Latest;
        Task wait = Wait(early).UntilPastAsync(commit, TestContext.Current.CancellationToken).AsTask();

        for (int timers = 1; !wait.IsCompleted; timers++)
        {
            await early.UntilTimersAsync(timers, wait);
            Assert.False(wait.IsCompleted && _clock.Now().Earliest <= commit, "It answered before the timestamp was past.");
            Pass(Duration.FromTicks(early.LastDelay.Ticks));
        }

        await wait;
        Assert.True(_clock.Now().Earliest > commit);
        Assert.InRange(early.Timers, 3, 30);
    }

    [Fact]
    public async Task UntilPastAsync_ClockStandsStill_KeepsWaitingUntilTheLimit()
    {
        var time = new ObservedTimeProvider(_time);
        Task wait = Wait(time).UntilPastAsync(_clock.Now().Latest, TestContext.Current.CancellationToken).AsTask();

        // Only the delays pass: the clock that must be past doesn't move, as after a step backwards. 20 ms are left each time;
        // after 84 ms they would exceed the 100 ms.
        for (int timers = 1; timers <= 4; timers++)
        {
            await time.UntilTimersAsync(timers, wait);
            Assert.False(wait.IsCompleted);
            _time.Advance(TimeSpan.FromMilliseconds(21));
        }

        ClockUnhealthyException error = await Assert.ThrowsAsync<ClockUnhealthyException>(() => wait);
        Assert.Equal(ClockUnhealthyReason.WaitTooLong, error.Health.Reason);
        Assert.Equal(4, time.Timers);
    }

    [Fact]
    public async Task UntilPastAsync_LongerThanMaxWait_ThrowsAtOnceAndAtTheLimitDoesNot()
    {
        Timestamp limit = _clock.Now().Earliest.Plus(Duration.FromMilliseconds(100));
        CancellationToken cancellationToken = TestContext.Current.CancellationToken;

        ClockUnhealthyException error = await Assert.ThrowsAsync<ClockUnhealthyException>(
            () => Wait().UntilPastAsync(limit.Plus(Duration.FromTicks(10)), cancellationToken).AsTask());
        Assert.Contains("MaxWait", error.Message, StringComparison.Ordinal);

        Task wait = Wait().UntilPastAsync(limit, cancellationToken).AsTask();
        Pass(Duration.FromMilliseconds(101));
        await wait;
    }

    [Fact]
    public async Task UntilPastAsync_ClockBecomesUnhealthy_Throws()
    {
        Task wait = Wait().UntilPastAsync(_clock.Now().Latest, TestContext.Current.CancellationToken).AsTask();
        _clock.Fail(ClockUnhealthyReason.Unsynchronised);

        Pass(Duration.FromMilliseconds(21));

        ClockUnhealthyException error = await Assert.ThrowsAsync<ClockUnhealthyException>(() => wait);
        Assert.Equal(ClockUnhealthyReason.Unsynchronised, error.Health.Reason);
    }

    [Fact]
    public async Task UntilPastAsync_Cancelled_StopsWaiting()
    {
        using var cancellation = new CancellationTokenSource();
        Task wait = Wait().UntilPastAsync(_clock.Now().Latest, cancellation.Token).AsTask();

        await cancellation.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => wait);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(600_001)]
    public void Constructor_MaxWaitOutOfRange_ThrowsNamingTheField(long milliseconds)
    {
        var options = new CommitWaitOptions { MaxWait = Duration.FromMilliseconds(milliseconds) };

        ArgumentException error = Assert.Throws<ArgumentException>(() => new CommitWait(_clock, _time, options));
        Assert.Contains("CommitWaitOptions.MaxWait", error.Message, StringComparison.Ordinal);
        Assert.Contains("0:10:00", error.Message, StringComparison.Ordinal);
        Assert.Empty(new CommitWaitOptions().Validate());
        Assert.Empty(new CommitWaitOptions { MaxWait = CommitWaitOptions.LongestMaxWait }.Validate());
    }

    private CommitWait Wait(TimeProvider? time = null) =>
        new(_clock, time ?? _time, new CommitWaitOptions { MaxWait = Duration.FromMilliseconds(100) });

    private void Pass(Duration duration)
    {
        _clock.Advance(duration);
        _time.Advance(duration.ToTimeSpan());
    }

    /// <summary>Counts delays, and fires them after a share of their time.</summary>
    private sealed class ObservedTimeProvider(FakeTimeProvider inner, double shareOfDelays = 1) : TimeProvider
    {
        private volatile int _timers;

        public int Timers => _timers;

        public TimeSpan LastDelay { get; private set; }

        public override long TimestampFrequency => inner.TimestampFrequency;

        public override long GetTimestamp() => inner.GetTimestamp();

        public override DateTimeOffset GetUtcNow() => inner.GetUtcNow();

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            LastDelay = dueTime * shareOfDelays;
            ITimer timer = inner.CreateTimer(callback, state, LastDelay, period);
            _timers++;
            return timer;
        }

        /// <summary>What follows a fired delay may run on the pool: waits until it began the next one, or ended.</summary>
        public async Task UntilTimersAsync(int timers, Task ended)
        {
            while (_timers < timers && !ended.IsCompleted)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(1), System, TestContext.Current.CancellationToken);
            }
        }
    }
}
