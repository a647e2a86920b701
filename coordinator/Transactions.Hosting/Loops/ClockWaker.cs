using NodaTime;
using Transactions.Clocks;

namespace Transactions.Hosting;

/// <summary>Calls back when the clock's earliest is past a timestamp: the waiting half of commit-wait (X9).</summary>
/// <remarks>
/// The machine looks at its own clock reading again, so that waking early or late is harmless. One timer serves all waits.
/// Thread-safe.
/// </remarks>
public sealed class ClockWaker : IAsyncDisposable
{
    private static readonly Duration LongestSleep = Duration.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly PriorityQueue<Timestamp, long> _waits = new();
    private readonly IBoundedClock _clock;
    private readonly Action _callback;
    private readonly ITimer _timer;

    /// <summary>Makes a waker.</summary>
    /// <param name="clock">Whose earliest is waited for.</param>
    /// <param name="timeProvider">Whose timers wait.</param>
    /// <param name="callback">Must neither block nor throw.</param>
    public ClockWaker(IBoundedClock clock, TimeProvider timeProvider, Action callback)
    {
        ArgumentNullException.ThrowIfNull(timeProvider);
        (_clock, _callback) = (clock, callback);
        _timer = timeProvider.CreateTimer(_ => WakeUp(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Asks for a call once the clock's earliest is past <paramref name="timestamp"/>.</summary>
    public void WakeWhenPast(Timestamp timestamp)
    {
        lock (_lock)
        {
            bool isFirst = !_waits.TryPeek(out _, out long first) || timestamp.Value < first;
            _waits.Enqueue(timestamp, timestamp.Value);
            if (isFirst)
            {
                Schedule();
            }
        }
    }

    /// <summary>Stops calling.</summary>
    public ValueTask DisposeAsync() => _timer.DisposeAsync();

    private void WakeUp()
    {
        bool isAnyPast = false;
        lock (_lock)
        {
            ClockReading reading = _clock.Read();
            while (reading.IsHealthy && _waits.TryPeek(out Timestamp next, out _) && reading.Earliest > next)
            {
                _waits.Dequeue();
                isAnyPast = true;
            }

            Schedule();
        }

        if (isAnyPast)
        {
            _callback();
        }
    }

    // Timers drop fractions of a millisecond and may fire early: round up, then look again.
    private void Schedule()
    {
        if (!_waits.TryPeek(out Timestamp next, out _))
        {
            return;
        }

        ClockReading reading = _clock.Read();
        Duration remaining = reading.IsHealthy ? Duration.Min(reading.Interval.Until(next), LongestSleep) : LongestSleep;
        double milliseconds = Math.Max(0, Math.Floor(remaining.TotalMilliseconds)) + 1;
        _timer.Change(TimeSpan.FromMilliseconds(milliseconds), Timeout.InfiniteTimeSpan);
    }
}
