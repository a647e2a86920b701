using NodaTime;
using Transactions.Clocks;

namespace Transactions.Model;

/// <summary>The limits that every process of a cluster shares; checked at the handshake.</summary>
/// <param name="Mode">Bounded or hybrid (T5).</param>
/// <param name="MaxOffset">How far ahead a peer's timestamp may lie (T2). 1 ms to 10 s; default 500 ms.</param>
/// <param name="MaxLifetime">How long a transaction may run (X1). 1 s to 1 h; default 60 s.</param>
/// <param name="Retention">How long outcomes are kept after they were applied (D5). 1 min to 365 days; default 7 days.</param>
public sealed record ProtocolLimits(ClockMode Mode, Duration MaxOffset, Duration MaxLifetime, Duration Retention)
{
    /// <summary>The defaults, in bounded mode.</summary>
    public static ProtocolLimits Default { get; } =
        new(ClockMode.Bounded, Duration.FromMilliseconds(500), Duration.FromSeconds(60), Duration.FromDays(7));

    /// <summary>
    /// How long one business transaction may be run again under its first priority (X4): 1 h. A single run of it lasts at most
    /// <see cref="MaxLifetime"/>.
    /// </summary>
    public static Duration LongestRun { get; } = Duration.FromHours(1);

    /// <summary>Checks the ranges.</summary>
    /// <exception cref="ArgumentException">A value lies outside its range; the message names it, the range and the remedy.</exception>
    public void Validate()
    {
        if (Mode != ClockMode.Bounded)
        {
            throw new ArgumentException($"Mode is {Mode}; this version runs in bounded mode only: set it to Bounded.");
        }

        Check(MaxOffset, Duration.FromMilliseconds(1), Duration.FromSeconds(10), nameof(MaxOffset));
        Check(MaxLifetime, Duration.FromSeconds(1), Duration.FromHours(1), nameof(MaxLifetime));
        Check(Retention, Duration.FromMinutes(1), Duration.FromDays(365), nameof(Retention));
    }

    private static void Check(Duration value, Duration least, Duration most, string name)
    {
        if (value < least || value > most)
        {
            throw new ArgumentException($"{name} is {value}; set it to at least {least} and at most {most}.");
        }
    }
}
