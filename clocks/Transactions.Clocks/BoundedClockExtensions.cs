namespace Transactions.Clocks;

/// <summary>Shorthands on <see cref="IBoundedClock"/>.</summary>
public static class BoundedClockExtensions
{
    /// <summary>The bounds on true time now.</summary>
    /// <exception cref="ClockUnhealthyException">There are none; nothing is guessed (T3).</exception>
    public static ClockInterval Now(this IBoundedClock clock)
    {
        ArgumentNullException.ThrowIfNull(clock);
        ClockReading reading = clock.Read();
        return reading.IsHealthy ? reading.Interval : throw ClockUnhealthyException.From(reading.Health);
    }
}
