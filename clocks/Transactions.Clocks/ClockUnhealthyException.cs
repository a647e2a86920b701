using NodaTime;

namespace Transactions.Clocks;

/// <summary>Bounds on true time were needed and there are none; the message names the remedy.</summary>
public sealed class ClockUnhealthyException : Exception
{
    private ClockUnhealthyException(ClockHealth health)
        : base(health.Message) => Health = health;

    /// <summary>The reason and the remedy; never healthy.</summary>
    public ClockHealth Health { get; }

    /// <summary>The exception for an unhealthy clock.</summary>
    /// <exception cref="ArgumentException"><paramref name="health"/> is healthy.</exception>
    public static ClockUnhealthyException From(ClockHealth health)
    {
        ArgumentNullException.ThrowIfNull(health);
        return health.IsHealthy
            ? throw new ArgumentException("A healthy clock is no reason for an exception.", nameof(health))
            : new(health);
    }

    /// <summary>The exception for a commit-wait that would take longer than its limit.</summary>
    public static ClockUnhealthyException WaitTooLong(Duration remaining, Duration maxWait) => new(ClockHealth.Unhealthy(
        ClockUnhealthyReason.WaitTooLong,
        $"Waiting {remaining.TotalMilliseconds:0.###} ms more for a commit timestamp would exceed CommitWaitOptions.MaxWait "
        + $"({maxWait.TotalMilliseconds:0.###} ms). The clock of this machine is behind, or its bound is wide: check its "
        + "synchronisation (`chronyc tracking`), or raise MaxWait."));
}
