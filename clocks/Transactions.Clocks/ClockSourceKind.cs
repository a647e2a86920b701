namespace Transactions.Clocks;

/// <summary>Where the bounds on true time come from.</summary>
public enum ClockSourceKind
{
    /// <summary>Not given; never valid.</summary>
    Unspecified = 0,

    /// <summary>The Linux kernel's own error estimate, as the time daemon maintains it: <see cref="KernelClock"/>.</summary>
    Kernel = 1,

    /// <summary>The system clock and a bound that a person vouches for: <see cref="FixedBoundClock"/>.</summary>
    Fixed = 2,
}
