using System.Runtime.InteropServices;
using NodaTime;

namespace Transactions.Clocks;

/// <summary>What the Linux kernel says about its clock: the fields of <c>struct timex</c> that bounds come from.</summary>
/// <remarks>Immutable and thread-safe; parsing and judging read no clock.</remarks>
public readonly record struct KernelTimex
{
    /// <summary>The size of <c>struct timex</c> on 64-bit Linux (x86-64 and arm64), in bytes.</summary>
    public const int Size = 208;

    /// <summary>How much the kernel widens its bound each second: 500 µs.</summary>
    internal const long MaxErrorStepMicroseconds = 500;

    private const int StatusUnsynchronised = 0x0040;
    private const int StatusClockError = 0x1000;
    private const int StatusNanoseconds = 0x2000;
    private const int ReturnLeapSecondInProgress = 3;
    private const int ReturnError = 5;

    private const int MaxErrorAt = 24;
    private const int StatusAt = 40;
    private const int SecondsAt = 72;
    private const int FractionAt = 80;

    private const string Remedy =
        "Install and start chrony with `rtcsync` in its configuration (and wait until `chronyc tracking` shows `Leap status : "
        + "Normal`), or configure a fixed bound explicitly (Cluster:FixedClockBound; in code ClockOptions.Source = Fixed and "
        + "FixedBound), which you then vouch for.";

    /// <summary>What <c>adjtimex</c> returned: 0 to 5, or negative if it failed.</summary>
    public int ReturnCode { get; private init; }

    /// <summary>The status bits (<c>STA_…</c>).</summary>
    public int Status { get; private init; }

    /// <summary>The kernel's bound on its error, in microseconds, as the time daemon set it and the kernel widened it.</summary>
    public long MaxErrorMicroseconds { get; private init; }

    /// <summary>The clock's reading, taken together with the bound, rounded down to the microsecond; negative if the kernel
    /// gave none that makes sense.</summary>
    public long Microseconds { get; private init; }

    /// <summary>Reads the fields.</summary>
    /// <param name="timex">The structure as the kernel filled it, at least <see cref="Size"/> bytes in native byte order.</param>
    /// <param name="returnCode">What <c>adjtimex</c> returned.</param>
    /// <exception cref="ArgumentException">There are too few bytes.</exception>
    public static KernelTimex Parse(ReadOnlySpan<byte> timex, int returnCode)
    {
        if (timex.Length < Size)
        {
            throw new ArgumentException($"struct timex has {Size} bytes, not {timex.Length}.", nameof(timex));
        }

        int status = MemoryMarshal.Read<int>(timex[StatusAt..]);
        return new KernelTimex
        {
            ReturnCode = returnCode,
            Status = status,
            MaxErrorMicroseconds = MemoryMarshal.Read<long>(timex[MaxErrorAt..]),
            Microseconds = ParseTime(
                MemoryMarshal.Read<long>(timex[SecondsAt..]),
                MemoryMarshal.Read<long>(timex[FractionAt..]),
                unitsPerMicrosecond: (status & StatusNanoseconds) != 0 ? 1_000 : 1),
        };
    }

    /// <summary>Judges whether the bound holds.</summary>
    /// <param name="maxUncertainty">The widest bound that still counts as healthy.</param>
    public ClockHealth Judge(Duration maxUncertainty)
    {
        if (ReturnCode is < 0 or > ReturnError || Microseconds < 0)
        {
            return ClockHealth.Unhealthy(
                ClockUnhealthyReason.Unavailable,
                $"The kernel gave no usable time (adjtimex returned {ReturnCode}). A sandbox may forbid the call: allow the "
                + "system call adjtimex, or configure a fixed bound explicitly (Cluster:FixedClockBound; in code ClockOptions.Source = "
                + "Fixed and FixedBound).");
        }

        if (ReturnCode == ReturnError || (Status & (StatusUnsynchronised | StatusClockError)) != 0 || MaxErrorMicroseconds < 0)
        {
            return ClockHealth.Unhealthy(
                ClockUnhealthyReason.Unsynchronised,
                $"Nothing synchronises this machine's clock (adjtimex returned {ReturnCode}, status 0x{Status:x}, maximum error "
                + $"{MaxErrorMicroseconds} µs). {Remedy}");
        }

        if (ReturnCode == ReturnLeapSecondInProgress)
        {
            return ClockHealth.Unhealthy(
                ClockUnhealthyReason.WentBackwards,
                "A leap second is being inserted: the clock shows the same second twice. It passes by itself within a second; to "
                + "avoid it, let the time daemon slew leap seconds (chrony: `leapsecmode slew`) on every machine.");
        }

        // A value beyond what a Duration can hold is over every limit, too.
        long limitMicroseconds = Timestamp.Zero.Plus(maxUncertainty).Microseconds;
        return MaxErrorMicroseconds <= limitMicroseconds
            ? ClockHealth.Healthy
            : ClockHealth.Unhealthy(
                ClockUnhealthyReason.OverLimit,
                $"The kernel's clock may be off by {MaxErrorMicroseconds} µs, and ClockOptions.MaxUncertainty is "
                + $"{limitMicroseconds} µs. Give the time daemon nearer servers or a shorter poll interval (chrony: `maxpoll "
                + "6`), or raise MaxUncertainty and with it MaxOffset.");
    }

    /// <summary>What <see cref="KernelClock"/> says of a daemon that gives the kernel no bound of its own.</summary>
    internal ClockHealth NoBound() => ClockHealth.Unhealthy(
        ClockUnhealthyReason.Unsynchronised,
        $"The time daemon sets this machine's clock but tells the kernel no error (maximum error {MaxErrorMicroseconds} µs, "
        + "which only counts the time since the last update; systemd-timesyncd does so): that is no bound on true time. " + Remedy
        + " If chrony runs, this passes with its next update.");

    private static long ParseTime(long seconds, long fraction, long unitsPerMicrosecond)
    {
        const long microsecondsPerSecond = 1_000_000;
        long latestSecond = (Timestamp.MaxValue.Microseconds / microsecondsPerSecond) - 1;
        bool makesSense = seconds >= 0 && seconds <= latestSecond
            && fraction >= 0 && fraction < unitsPerMicrosecond * microsecondsPerSecond;
        return makesSense ? (seconds * microsecondsPerSecond) + (fraction / unitsPerMicrosecond) : -1;
    }
}
