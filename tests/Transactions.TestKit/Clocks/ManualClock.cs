using NodaTime;
using Transactions.Clocks;

namespace Transactions.TestKit.Clocks;

/// <summary>A clock that stands still until a test moves it.</summary>
/// <remarks>
/// Its interval is exactly <see cref="Now"/> ± <see cref="Uncertainty"/>. Setting <see cref="Now"/> is a step of the machine's
/// clock and leaves the monotonic counter alone; <see cref="Advance"/> lets time pass for both. Thread-safe.
/// </remarks>
public sealed class ManualClock : IBoundedClock
{
    /// <summary>Where a clock starts that isn't told: 2026-01-01T00:00:00Z.</summary>
    public static readonly Timestamp DefaultStart = Timestamp.FromInstant(Instant.FromUtc(2026, 1, 1, 0, 0));

    private readonly Lock _lock = new();
    private Timestamp _now;
    private Duration _uncertainty;
    private ClockHealth _health = ClockHealth.Healthy;
    private long _monotonicMicroseconds;
    private int _reads;

    /// <summary>Makes a healthy clock.</summary>
    /// <param name="now">Where it starts; <see cref="DefaultStart"/> if not given.</param>
    /// <param name="uncertainty">How far its interval reaches to each side; 1 ms if not given.</param>
    public ManualClock(Timestamp? now = null, Duration? uncertainty = null)
    {
        _now = now ?? DefaultStart;
        Uncertainty = uncertainty ?? Duration.FromMilliseconds(1);
    }

    /// <summary>The reading; set it forwards or backwards to step the clock.</summary>
    public Timestamp Now
    {
        get { lock (_lock) { return _now; } }
        set { lock (_lock) { _now = value; } }
    }

    /// <summary>How far the interval reaches to each side.</summary>
    public Duration Uncertainty
    {
        get { lock (_lock) { return _uncertainty; } }
        set
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, Duration.Zero);
            lock (_lock) { _uncertainty = value; }
        }
    }

    /// <summary>Set it to an unhealthy one, and readings have no bounds.</summary>
    public ClockHealth Health
    {
        get { lock (_lock) { return _health; } }
        set
        {
            ArgumentNullException.ThrowIfNull(value);
            lock (_lock) { _health = value; }
        }
    }

    /// <summary>How often the clock was read: for tests of T4.</summary>
    public int Reads
    {
        get { lock (_lock) { return _reads; } }
    }

    /// <summary>Lets time pass, in whole microseconds: what is less is lost.</summary>
    public void Advance(Duration duration)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(duration, Duration.Zero);
        lock (_lock)
        {
            Timestamp before = _now;
            _now = _now.Plus(duration);
            _monotonicMicroseconds += _now.Microseconds - before.Microseconds;
        }
    }

    /// <summary>Makes the clock unhealthy for a reason.</summary>
    public void Fail(ClockUnhealthyReason reason = ClockUnhealthyReason.Unsynchronised) =>
        Health = ClockHealth.Unhealthy(reason, $"A test made the clock unhealthy ({reason}).");

    /// <summary>Makes the clock healthy again.</summary>
    public void Recover() => Health = ClockHealth.Healthy;

    /// <summary>Reads the clock as it was set.</summary>
    public ClockReading Read()
    {
        lock (_lock)
        {
            _reads++;
            return _health.IsHealthy
                ? ClockReading.Healthy(_now, ClockInterval.Around(_now, _uncertainty), _monotonicMicroseconds)
                : ClockReading.Unhealthy(_now, _health, _monotonicMicroseconds);
        }
    }
}
