namespace Transactions.Clocks;

/// <summary>The check that a process makes before it serves anyone.</summary>
public static class ClockStartup
{
    /// <summary>Reads the clock once and refuses to go on without bounds.</summary>
    /// <returns>The healthy reading.</returns>
    /// <exception cref="ClockUnhealthyException">The clock is unhealthy; the message names what is wrong and the remedy.
    /// </exception>
    public static ClockReading EnsureHealthy(IBoundedClock clock)
    {
        ArgumentNullException.ThrowIfNull(clock);
        ClockReading reading = clock.Read();
        return reading.IsHealthy ? reading : throw ClockUnhealthyException.From(reading.Health);
    }
}
