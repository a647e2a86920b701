using NodaTime;

namespace Transactions.Clocks;

/// <summary>The system clock, with a bound that a person vouches for.</summary>
/// <remarks>
/// T3. The bound is an assumption: nothing measures it, and if the machine's clock is further off, transactions lose their
/// order without anyone noticing. Fit for one machine, for tests, and where something else watches the clocks. A clock that
/// is set back by more than the bound allows is noticed. The upper end is one microsecond wider than the bound, for what
/// rounding the reading down takes away. Thread-safe; a reading takes well below a microsecond and
/// allocates nothing.
/// </remarks>
public sealed class FixedBoundClock : IBoundedClock
{
    private readonly TimeProvider _timeProvider;
    private readonly ReadingGuard _guard = new();
    private readonly long _boundMicroseconds;

    /// <summary>Makes the clock.</summary>
    /// <param name="timeProvider">The system clock.</param>
    /// <param name="bound">How far the system clock is off at most, either way; not negative, up to
    /// <see cref="ClockOptions.WidestMaxUncertainty"/>; rounded up to the microsecond.</param>
    /// <exception cref="ArgumentOutOfRangeException">The bound is out of its range.</exception>
    public FixedBoundClock(TimeProvider timeProvider, Duration bound)
    {
        ArgumentNullException.ThrowIfNull(timeProvider);
        ArgumentOutOfRangeException.ThrowIfLessThan(bound, Duration.Zero);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bound, ClockOptions.WidestMaxUncertainty);
        _timeProvider = timeProvider;
        _boundMicroseconds = Timestamp.Zero.PlusRoundedUp(bound).Microseconds;
        Bound = bound;
    }

    /// <summary>How far the system clock is off at most, as assumed.</summary>
    public Duration Bound { get; }

    /// <summary>Always true: the bound was configured, not measured. Show it where the clock's health is shown.</summary>
    public bool IsBoundAssumed => true;

    /// <inheritdoc/>
    public ClockReading Read()
    {
        Timestamp floor = _guard.Floor;
        long monotonic = _timeProvider.ReadMonotonicMicroseconds();
        return _guard.Make(floor, _timeProvider.ReadTimestamp(), _boundMicroseconds, monotonic);
    }
}
