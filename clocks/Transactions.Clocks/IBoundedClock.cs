namespace Transactions.Clocks;

/// <summary>A clock that knows how wrong it may be.</summary>
/// <remarks>Implementations are thread-safe.</remarks>
public interface IBoundedClock
{
    /// <summary>Looks at the clock now.</summary>
    /// <remarks>
    /// T4: every call begins a fresh reading; nothing read before is handed out again. Never throws: what goes wrong comes
    /// back as an unhealthy reading.
    /// </remarks>
    ClockReading Read();
}
