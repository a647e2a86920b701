using NodaTime;

namespace Transactions.Clocks;

/// <summary>The Linux kernel's clock, with the error bound that the time daemon maintains in the kernel.</summary>
/// <remarks>
/// <para>
/// T3. One system call (<c>adjtimex</c>, without privileges) gives the reading and its bound together. Unhealthy: when
/// nothing synchronises the clock, while the bound is above the limit, during a leap second, after the clock was set back,
/// and when the daemon gives the kernel no bound. Not Linux, or 32 bits: unavailable. Thread-safe; a healthy reading allocates
/// nothing.
/// </para>
/// <para>
/// What it can't notice: a virtual machine that is suspended and resumed goes on with the bound from before (its monotonic
/// clock stood still, too) until its daemon next looks. Don't suspend or migrate live what runs on this source, or use one
/// that watches for it.
/// </para>
/// </remarks>
public sealed class KernelClock : IBoundedClock
{
    private readonly TimeProvider _timeProvider;
    private readonly Duration _maxUncertainty;
    private readonly AdjustTimeCall _adjtimex;
    private readonly ReadingGuard _guard = new();

    // Whether the bound is the daemon's own. A daemon that writes 0 leaves only the kernel's widening, whole steps of 500 µs;
    // a measured error is one of those once in 500 times, and then the next update tells.
    private volatile bool _daemonGivesBound;

    /// <summary>Makes the clock.</summary>
    /// <param name="timeProvider">For the monotonic counter, and for the reading to show when the kernel gives none.</param>
    /// <param name="maxUncertainty">The widest bound that still counts as healthy; positive.</param>
    /// <exception cref="ArgumentOutOfRangeException">The limit is not positive.</exception>
    public KernelClock(TimeProvider timeProvider, Duration maxUncertainty)
        : this(timeProvider, maxUncertainty, LinuxTime.Adjtimex)
    {
    }

    internal KernelClock(TimeProvider timeProvider, Duration maxUncertainty, AdjustTimeCall adjtimex)
    {
        ArgumentNullException.ThrowIfNull(timeProvider);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(maxUncertainty, Duration.Zero);
        (_timeProvider, _maxUncertainty, _adjtimex) = (timeProvider, maxUncertainty, adjtimex);
    }

    /// <summary>Fills a zeroed <c>struct timex</c> (modes = 0: nothing is changed) and gives the return code.</summary>
    internal delegate int AdjustTimeCall(Span<byte> timex);

    /// <inheritdoc/>
    public ClockReading Read()
    {
        Timestamp floor = _guard.Floor;
        long monotonic = _timeProvider.ReadMonotonicMicroseconds();
        Span<byte> buffer = stackalloc byte[KernelTimex.Size];
        buffer.Clear();

        KernelTimex timex;
        try
        {
            timex = KernelTimex.Parse(buffer, _adjtimex(buffer));
        }
        catch (Exception e) when (e is PlatformNotSupportedException or DllNotFoundException or EntryPointNotFoundException)
        {
            return ClockReading.Unhealthy(_timeProvider.ReadTimestamp(), NotHere(), monotonic);
        }

        ClockHealth health = Judge(timex);
        if (health.IsHealthy)
        {
            return _guard.Make(floor, Timestamp.FromMicroseconds(timex.Microseconds), timex.MaxErrorMicroseconds, monotonic);
        }

        Timestamp shown = timex.Microseconds >= 0
            ? Timestamp.FromMicroseconds(timex.Microseconds)
            : _timeProvider.ReadTimestamp();
        return ClockReading.Unhealthy(shown, health, monotonic);
    }

    private ClockHealth Judge(KernelTimex timex)
    {
        ClockHealth health = timex.Judge(_maxUncertainty);
        if (!health.IsHealthy)
        {
            return health;
        }

        if (timex.MaxErrorMicroseconds == 0)
        {
            _daemonGivesBound = false;
        }
        else if (timex.MaxErrorMicroseconds % KernelTimex.MaxErrorStepMicroseconds != 0)
        {
            _daemonGivesBound = true;
        }

        return _daemonGivesBound ? health : timex.NoBound();
    }

    private static ClockHealth NotHere() => ClockHealth.Unhealthy(
        ClockUnhealthyReason.Unavailable,
        "The kernel clock source needs 64-bit Linux. Elsewhere configure a fixed bound explicitly (Cluster:FixedClockBound; in code "
        + "ClockOptions.Source = Fixed and FixedBound), which you then vouch for.");
}
