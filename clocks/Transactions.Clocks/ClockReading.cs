namespace Transactions.Clocks;

/// <summary>What one look at a clock gave: the reading itself, the bounds on true time, and whether they hold.</summary>
/// <remarks>
/// A driver takes one when it dequeues an event (T4), and the event carries it into the state machine. A default value is
/// unhealthy. Immutable and thread-safe.
/// </remarks>
public readonly record struct ClockReading
{
    private readonly ClockInterval _interval;
    private readonly ClockHealth? _health;

    private ClockReading(Timestamp now, ClockInterval interval, ClockHealth health, long monotonicMicroseconds)
    {
        Now = now;
        MonotonicMicroseconds = monotonicMicroseconds;
        _interval = interval;
        _health = health;
    }

    /// <summary>The system clock's own reading. Also there when unhealthy, and then only good for logs.</summary>
    public Timestamp Now { get; }

    /// <summary>A counter in microseconds that never goes back within a process; its zero has no meaning.</summary>
    public long MonotonicMicroseconds { get; }

    /// <summary>Whether the bounds hold.</summary>
    public bool IsHealthy => Health.IsHealthy;

    /// <summary>Healthy, or the reason why not and what helps.</summary>
    public ClockHealth Health => _health ?? ClockHealth.NeverRead;

    /// <summary>The bounds on true time.</summary>
    /// <exception cref="InvalidOperationException">The reading is unhealthy: there are no bounds, and none are guessed.
    /// </exception>
    public ClockInterval Interval => IsHealthy
        ? _interval
        : throw new InvalidOperationException($"An unhealthy clock has no bounds on true time. {Health.Message}");

    /// <summary>True time is not before this.</summary>
    /// <exception cref="InvalidOperationException"><inheritdoc cref="Interval" path="/exception"/></exception>
    public Timestamp Earliest => Interval.Earliest;

    /// <summary>True time is not after this.</summary>
    /// <exception cref="InvalidOperationException"><inheritdoc cref="Interval" path="/exception"/></exception>
    public Timestamp Latest => Interval.Latest;

    /// <summary>Makes a reading whose bounds hold.</summary>
    public static ClockReading Healthy(Timestamp now, ClockInterval interval, long monotonicMicroseconds) =>
        new(now, interval, ClockHealth.Healthy, monotonicMicroseconds);

    /// <summary>Makes a reading without bounds.</summary>
    /// <exception cref="ArgumentException"><paramref name="health"/> is healthy.</exception>
    public static ClockReading Unhealthy(Timestamp now, ClockHealth health, long monotonicMicroseconds)
    {
        ArgumentNullException.ThrowIfNull(health);
        if (health.IsHealthy)
        {
            throw new ArgumentException("An unhealthy reading needs a reason.", nameof(health));
        }

        return new(now, default, health, monotonicMicroseconds);
    }

    /// <summary>The bounds, or the reason why there are none.</summary>
    public override string ToString() => IsHealthy ? $"{Now} in {_interval}" : $"{Now}, {Health}";
}
