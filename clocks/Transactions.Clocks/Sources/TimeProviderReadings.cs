namespace Transactions.Clocks;

/// <summary>Readings of a <see cref="TimeProvider"/> in this library's units.</summary>
internal static class TimeProviderReadings
{
    private const long MicrosecondsPerSecond = 1_000_000;

    public static Timestamp ReadTimestamp(this TimeProvider timeProvider)
    {
        long ticks = timeProvider.GetUtcNow().UtcTicks - DateTime.UnixEpoch.Ticks;

        // Before 1970 or after 2255 the machine's clock isn't set; the ends keep the reading comparable.
        long microseconds = Math.Clamp(ticks / TimeSpan.TicksPerMicrosecond, 0, Timestamp.MaxValue.Microseconds);
        return Timestamp.FromMicroseconds(microseconds);
    }

    public static long ReadMonotonicMicroseconds(this TimeProvider timeProvider)
    {
        (long seconds, long rest) = Math.DivRem(timeProvider.GetTimestamp(), timeProvider.TimestampFrequency);

        // Multiplying first would overflow after 2.5 hours of uptime in nanoseconds.
        return (seconds * MicrosecondsPerSecond) + (rest * MicrosecondsPerSecond / timeProvider.TimestampFrequency);
    }
}
