using Transactions.Clocks;

namespace Transactions.IntegrationTests.Coordinator;

/// <summary>A clock that runs, and that a test makes unhealthy and healthy again.</summary>
public sealed class BreakableClock : IBoundedClock
{
    private readonly FixedBoundClock _inner = new(TimeProvider.System, TestCluster.ClockBound);
    private volatile bool _isBroken;

    /// <summary>Whether readings have no bounds.</summary>
    public bool IsBroken
    {
        get => _isBroken;
        set => _isBroken = value;
    }

    /// <inheritdoc/>
    public ClockReading Read()
    {
        ClockReading reading = _inner.Read();
        return _isBroken
            ? ClockReading.Unhealthy(
                reading.Now,
                ClockHealth.Unhealthy(ClockUnhealthyReason.Unavailable, "The test's clock is broken. Mend it."),
                reading.MonotonicMicroseconds)
            : reading;
    }
}
