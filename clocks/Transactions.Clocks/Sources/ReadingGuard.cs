namespace Transactions.Clocks;

/// <summary>Makes readings of one source, and notices when two of them can't both be true.</summary>
/// <remarks>
/// True time doesn't go back: an interval that ends before an earlier one began proves one of the two wrong, and nobody
/// knows which. The source stays unhealthy until its clock has caught up with what it said before. Thread-safe.
/// </remarks>
internal sealed class ReadingGuard
{
    private long _highestEarliest = long.MinValue;

    /// <summary>True time is not before this, from readings that have ended. Take it before beginning a reading: a reading
    /// that began before another one ended may rightly be earlier.</summary>
    public Timestamp Floor => new(Volatile.Read(ref _highestEarliest));

    /// <summary>Makes the reading.</summary>
    /// <param name="floor">The <see cref="Floor"/> from before the reading.</param>
    /// <param name="now">The reading, rounded down to the microsecond.</param>
    /// <param name="boundMicroseconds">How wrong it may be, not negative.</param>
    /// <param name="monotonicMicroseconds">The monotonic counter.</param>
    public ClockReading Make(Timestamp floor, Timestamp now, long boundMicroseconds, long monotonicMicroseconds)
    {
        // Rounded down, the reading may be almost a microsecond too early, so the upper end takes one more.
        var interval = new ClockInterval(
            Move(now, -boundMicroseconds),
            Move(now, boundMicroseconds + 1));

        if (interval.Latest < floor)
        {
            return ClockReading.Unhealthy(now, WentBackwards(interval.Latest, floor), monotonicMicroseconds);
        }

        Raise(interval.Earliest.Value);
        return ClockReading.Healthy(now, interval, monotonicMicroseconds);
    }

    private static Timestamp Move(Timestamp from, long microseconds) => Timestamp.FromMicroseconds(
        Math.Clamp(from.Microseconds + microseconds, 0, Timestamp.MaxValue.Microseconds));

    private static ClockHealth WentBackwards(Timestamp latest, Timestamp floor) => ClockHealth.Unhealthy(
        ClockUnhealthyReason.WentBackwards,
        $"The machine's clock was set back: it now says that it is {latest} at the latest, after it said that it was {floor} at "
        + "the earliest. One of the two was wrong by more than its bound. The clock is healthy again when it has caught up; "
        + "let the time daemon slew instead of step while services run (chrony: `makestep 1 3`).");

    private void Raise(long earliest)
    {
        long seen = Volatile.Read(ref _highestEarliest);
        while (seen < earliest)
        {
            long found = Interlocked.CompareExchange(ref _highestEarliest, earliest, seen);
            if (found == seen)
            {
                return;
            }

            seen = found;
        }
    }
}
