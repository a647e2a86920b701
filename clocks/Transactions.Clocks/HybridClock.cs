using NodaTime;

namespace Transactions.Clocks;

/// <summary>The pattern <i>Hybrid Clock</i>: timestamps that rise within this process and stay close to true time.</summary>
/// <remarks>
/// T2. A Lamport clock on top of a bounded one: what it gives is above everything that it gave or adopted. Thread-safe
/// without locks, and allocates nothing while the clock is healthy.
/// </remarks>
/// <param name="clock">The clock below; read afresh at every call that needs it (T4).</param>
/// <param name="maxOffset">How far ahead of this clock's latest time another's timestamp may be; positive.</param>
/// <param name="startAbove">Everything given is above this, such as the lease of the previous owner (L3).</param>
public sealed class HybridClock(IBoundedClock clock, Duration maxOffset, Timestamp startAbove = default)
{
    private readonly IBoundedClock _clock = clock ?? throw new ArgumentNullException(nameof(clock));
    private long _last = startAbove.Value;

    /// <summary>How far ahead of this clock's latest time another's timestamp may be.</summary>
    public Duration MaxOffset { get; } = maxOffset > Duration.Zero
        ? maxOffset
        : throw new ArgumentOutOfRangeException(nameof(maxOffset), "The maximum offset must be positive.");

    /// <summary>The highest timestamp given or adopted.</summary>
    public Timestamp Last => new(Volatile.Read(ref _last));

    /// <summary>Gives a timestamp above everything given or adopted, and not before the clock's own reading.</summary>
    /// <exception cref="ClockUnhealthyException">The clock is unhealthy: this process chooses no timestamps (T3).</exception>
    /// <exception cref="OverflowException"><see cref="Last"/> is <see cref="Timestamp.MaxValue"/>.</exception>
    public Timestamp Tick()
    {
        Timestamp now = ReadHealthy().Now;
        long seen = Volatile.Read(ref _last);
        while (true)
        {
            Timestamp next = TimestampSequence.Following(new Timestamp(seen), now);
            long found = Interlocked.CompareExchange(ref _last, next.Value, seen);
            if (found == seen)
            {
                return next;
            }

            seen = found;
        }
    }

    /// <summary>Adopts a peer's timestamp, unless it is too far ahead.</summary>
    /// <returns>
    /// <c>true</c>: everything given from now on is above it. <c>false</c>: it is more than <see cref="MaxOffset"/> ahead of
    /// the latest possible time and was not adopted; refuse what carried it.
    /// </returns>
    /// <exception cref="ClockUnhealthyException">It is new and there is no healthy clock to judge it by; not adopted.</exception>
    public bool TryObserve(Timestamp timestamp)
    {
        if (timestamp <= Last)
        {
            return true;
        }

        if (!ReadHealthy().Interval.Accepts(timestamp, MaxOffset))
        {
            return false;
        }

        Adopt(timestamp);
        return true;
    }

    /// <summary>Adopts the commit timestamp of a decided transaction, which is never refused, as soon as it may.</summary>
    /// <remarks>
    /// T2: the decision stands, so the outcome must be kept; but a clock dragged far ahead would drag its peers along. So a
    /// timestamp too far ahead isn't adopted yet, and the shard keeps the transaction's locks until it is (X10).
    /// </remarks>
    /// <returns>Zero: adopted, locks may go. Positive: keep the locks, and call again after this time.</returns>
    /// <exception cref="ClockUnhealthyException">It is new and there is no healthy clock to judge it by. The commit stands:
    /// keep the locks, and call again when the clock is healthy.</exception>
    public Duration ObserveDecided(Timestamp commitTimestamp)
    {
        if (commitTimestamp <= Last)
        {
            return Duration.Zero;
        }

        Duration wait = ReadHealthy().Interval.UntilAccepted(commitTimestamp, MaxOffset);
        if (wait == Duration.Zero)
        {
            Adopt(commitTimestamp);
        }

        return wait;
    }

    private void Adopt(Timestamp timestamp)
    {
        long seen = Volatile.Read(ref _last);
        while (seen < timestamp.Value)
        {
            long found = Interlocked.CompareExchange(ref _last, timestamp.Value, seen);
            if (found == seen)
            {
                return;
            }

            seen = found;
        }
    }

    private ClockReading ReadHealthy()
    {
        ClockReading reading = _clock.Read();
        return reading.IsHealthy ? reading : throw ClockUnhealthyException.From(reading.Health);
    }
}
