using NodaTime;
using Transactions.Clocks;

namespace Transactions.Client;

/// <summary>This machine's clock is further from a coordinator's than the cluster allows; nothing was begun.</summary>
public sealed class ClientClockException : Exception
{
    internal ClientClockException(string coordinator, Timestamp own, ClockInterval theirs, Duration offset, Duration maxOffset)
        : base(
            $"This machine's clock reads {own} while coordinator '{coordinator}' knows that it is {theirs}: it is off by at least "
            + $"{offset.TotalMilliseconds:0.###} ms, and the cluster allows {maxOffset.TotalMilliseconds:0.###} ms. Synchronise this "
            + "machine's clock (`chronyc tracking`, `timedatectl`); if it is right, the coordinator's isn't.") =>
        Offset = offset;

    /// <summary>How far this machine's clock is off at the least; negative when it is behind.</summary>
    public Duration Offset { get; }
}
