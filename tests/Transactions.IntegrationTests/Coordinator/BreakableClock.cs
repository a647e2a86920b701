using Transactions.Clocks;

namespace Transactions.IntegrationTests.Coordinator;

/// <summary>A clock that runs, and that a test makes unhealthy and healthy again, or stops whoever reads it for a while.</summary>
public sealed class BreakableClock : IBoundedClock, IDisposable
{
    private readonly FixedBoundClock _inner = new(TimeProvider.System, TestCluster.ClockBound);
    private readonly ManualResetEventSlim _isRead = new(initialState: true);
    private volatile bool _isBroken;

    /// <summary>Whether readings have no bounds.</summary>
    public bool IsBroken
    {
        get => _isBroken;
        set => _isBroken = value;
    }

    /// <summary>Whether whoever reads it waits.</summary>
    public bool IsHeld => !_isRead.IsSet;

    /// <summary>Whoever reads it from now on waits: a coordinator then handles nothing more.</summary>
    public void Hold() => _isRead.Reset();

    /// <summary>Lets them go on.</summary>
    public void Release() => _isRead.Set();

    /// <inheritdoc/>
    public void Dispose() => _isRead.Dispose();

    /// <inheritdoc/>
    public ClockReading Read()
    {
        _isRead.Wait();
        ClockReading reading = _inner.Read();
        return _isBroken
            ? ClockReading.Unhealthy(
                reading.Now,
                ClockHealth.Unhealthy(ClockUnhealthyReason.Unavailable, "The test's clock is broken. Mend it."),
                reading.MonotonicMicroseconds)
            : reading;
    }
}
