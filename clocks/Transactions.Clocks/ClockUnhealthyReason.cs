namespace Transactions.Clocks;

/// <summary>Why a clock has no bounds on true time. Stored in metrics and sent: the numbers stay.</summary>
public enum ClockUnhealthyReason
{
    /// <summary>No reason, since the clock is healthy.</summary>
    Unspecified = 0,

    /// <summary>Nothing disciplines the machine's clock, or what does gives no error bound.</summary>
    Unsynchronised = 1,

    /// <summary>The last synchronisation is too long ago.</summary>
    Stale = 2,

    /// <summary>There is a bound, and it is wider than the configured limit.</summary>
    OverLimit = 3,

    /// <summary>The source can't be read on this machine, or wasn't read yet.</summary>
    Unavailable = 4,

    /// <summary>The clock now contradicts what it said before: it was set back.</summary>
    WentBackwards = 5,

    /// <summary>A timestamp lies so far ahead that waiting for it would exceed the configured limit.</summary>
    WaitTooLong = 6,
}
