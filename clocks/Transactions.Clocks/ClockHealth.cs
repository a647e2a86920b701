namespace Transactions.Clocks;

/// <summary>Whether a clock may be relied on, and if not, why and what helps.</summary>
/// <remarks>Immutable and thread-safe.</remarks>
public sealed record ClockHealth
{
    private ClockHealth(ClockUnhealthyReason reason, string message)
    {
        Reason = reason;
        Message = message;
    }

    /// <summary>The clock may be relied on.</summary>
    public static ClockHealth Healthy { get; } = new(ClockUnhealthyReason.Unspecified, "The clock is healthy.");

    /// <summary>What a reading says that nobody took.</summary>
    internal static ClockHealth NeverRead { get; } = new(
        ClockUnhealthyReason.Unavailable, "The clock was not read. Read it through IBoundedClock.Read().");

    /// <summary>Whether the clock may be relied on.</summary>
    public bool IsHealthy => Reason == ClockUnhealthyReason.Unspecified;

    /// <summary>Why not; <see cref="ClockUnhealthyReason.Unspecified"/> when healthy.</summary>
    public ClockUnhealthyReason Reason { get; }

    /// <summary>One or two sentences for a person: what is wrong, and the remedy.</summary>
    public string Message { get; }

    /// <summary>Says that the clock may not be relied on.</summary>
    /// <param name="reason">Why; not <see cref="ClockUnhealthyReason.Unspecified"/>.</param>
    /// <param name="message">What is wrong, and the remedy; not blank.</param>
    /// <exception cref="ArgumentException">There is no reason or no message.</exception>
    public static ClockHealth Unhealthy(ClockUnhealthyReason reason, string message)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(message);
        if (reason == ClockUnhealthyReason.Unspecified)
        {
            throw new ArgumentException("Say why the clock is unhealthy.", nameof(reason));
        }

        return new(reason, message);
    }

    /// <summary>The reason and the message.</summary>
    public override string ToString() => IsHealthy ? "healthy" : $"unhealthy ({Reason}): {Message}";
}
