using NodaTime;

namespace Transactions.Clocks;

/// <summary>A point in the order of transactions: physical microseconds with a logical counter below them.</summary>
/// <remarks>
/// T1: one signed 64-bit integer, the microseconds since the Unix epoch shifted left by <see cref="CounterBits"/>, plus a
/// counter of that many bits. Every <see cref="long"/> is a valid timestamp; the microseconds reach from the year 1684 to
/// 2255. Comparing timestamps is comparing their integers, so the stored and sent form (<c>bigint</c>, <c>sfixed64</c>)
/// sorts as they do. A counter that overflows carries into the microseconds. Immutable and thread-safe.
/// </remarks>
/// <param name="Value">The integer as it is stored and sent.</param>
public readonly partial record struct Timestamp(long Value) : IComparable<Timestamp>
{
    /// <summary>The number of low bits that hold the counter.</summary>
    public const int CounterBits = 10;

    private const int CounterMask = (1 << CounterBits) - 1;
    private const long MinMicroseconds = long.MinValue >> CounterBits;
    private const long MaxMicroseconds = long.MaxValue >> CounterBits;
    private const long TicksPerMicrosecond = 10;
    private const long NanosecondsPerMicrosecond = 1_000;
    private const long MicrosecondsPerDay = 86_400_000_000;

    /// <summary>The Unix epoch with counter 0: below everything that a clock gives.</summary>
    public static Timestamp Zero => default;

    /// <summary>The greatest timestamp, in the year 2255. No clock goes past it.</summary>
    public static Timestamp MaxValue => new(long.MaxValue);

    /// <summary>The physical part: whole microseconds since the Unix epoch, negative before it.</summary>
    public long Microseconds => Value >> CounterBits;

    /// <summary>The logical part, from 0 to 1023.</summary>
    public int Counter => (int)(Value & CounterMask);

    /// <summary>Whether this lies before the Unix epoch, where no clock of ours ever is.</summary>
    public bool IsNegative => Value < 0;

    /// <summary>Makes a timestamp from its two parts.</summary>
    /// <param name="microseconds">Microseconds since the Unix epoch, from -2^53 to 2^53 - 1.</param>
    /// <param name="counter">The counter, from 0 to 1023.</param>
    /// <exception cref="ArgumentOutOfRangeException">A part is out of its range.</exception>
    public static Timestamp FromMicroseconds(long microseconds, int counter = 0)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(microseconds, MinMicroseconds);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(microseconds, MaxMicroseconds);
        ArgumentOutOfRangeException.ThrowIfNegative(counter);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(counter, CounterMask);
        return new((microseconds << CounterBits) | (long)counter);
    }

    /// <summary>The timestamp of an instant, rounded down to the microsecond, with counter 0.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The instant lies before 1684 or after 2255.</exception>
    public static Timestamp FromInstant(Instant instant) =>
        FromMicroseconds(FloorDivide(instant.ToUnixTimeTicks(), TicksPerMicrosecond));

    /// <summary>The physical part as an instant; the counter has no instant and is dropped.</summary>
    public Instant ToInstant() => Instant.FromUnixTimeTicks(Microseconds * TicksPerMicrosecond);

    /// <summary>The smallest greater timestamp; counter 1023 carries into the microseconds.</summary>
    /// <exception cref="OverflowException">This is <see cref="MaxValue"/>.</exception>
    public Timestamp Next() => new(checked(Value + 1));

    /// <summary>The greatest smaller timestamp; counter 0 borrows from the microseconds.</summary>
    /// <exception cref="OverflowException">This is the smallest timestamp of all.</exception>
    public Timestamp Previous() => new(checked(Value - 1));

    /// <summary>This, moved later by a duration; the counter is kept.</summary>
    /// <remarks>
    /// The exact result is rounded down to the microsecond and then held within <see cref="Zero"/> and
    /// <see cref="MaxValue"/>: far values saturate and never throw or wrap.
    /// </remarks>
    public Timestamp Plus(Duration duration) => Move(FloorMicroseconds(duration));

    /// <summary>This, moved earlier by a duration; the counter is kept.</summary>
    /// <remarks><inheritdoc cref="Plus" path="/remarks"/></remarks>
    public Timestamp Minus(Duration duration) => Move(-CeilingMicroseconds(duration));

    /// <summary>The time from <paramref name="earlier"/> to this in whole microseconds; counters don't count.</summary>
    /// <remarks>Negative if <paramref name="earlier"/> is later. Two timestamps of one microsecond are zero apart: to order
    /// them, compare them.</remarks>
    public Duration Since(Timestamp earlier) => Duration.FromTicks((Microseconds - earlier.Microseconds) * TicksPerMicrosecond);

    /// <summary>The later one.</summary>
    public static Timestamp Max(Timestamp a, Timestamp b) => a.Value >= b.Value ? a : b;

    /// <summary>The earlier one.</summary>
    public static Timestamp Min(Timestamp a, Timestamp b) => a.Value <= b.Value ? a : b;

    /// <inheritdoc/>
    public int CompareTo(Timestamp other) => Value.CompareTo(other.Value);

    /// <inheritdoc cref="Since"/>
    public static Duration operator -(Timestamp later, Timestamp earlier) => later.Since(earlier);

    /// <summary>Whether the left one is earlier.</summary>
    public static bool operator <(Timestamp left, Timestamp right) => left.Value < right.Value;

    /// <summary>Whether the left one is later.</summary>
    public static bool operator >(Timestamp left, Timestamp right) => left.Value > right.Value;

    /// <summary>Whether the left one is earlier or the same.</summary>
    public static bool operator <=(Timestamp left, Timestamp right) => left.Value <= right.Value;

    /// <summary>Whether the left one is later or the same.</summary>
    public static bool operator >=(Timestamp left, Timestamp right) => left.Value >= right.Value;

    // What a bound needs that must not end too early.
    internal Timestamp PlusRoundedUp(Duration duration) => Move(CeilingMicroseconds(duration));

    // Neither addend can overflow: microseconds stay below 2^53 and the longest Duration is below 2^61 of them.
    private Timestamp Move(long microseconds)
    {
        long moved = Microseconds + microseconds;
        return moved switch
        {
            < 0 => Zero,
            > MaxMicroseconds => MaxValue,
            _ => FromMicroseconds(moved, Counter),
        };
    }

    // Days and the nanosecond of the day have the same sign, and their sum is exact; ticks or nanoseconds would overflow.
    private static long FloorMicroseconds(Duration duration) =>
        (duration.Days * MicrosecondsPerDay) + FloorDivide(duration.NanosecondOfDay, NanosecondsPerMicrosecond);

    private static long CeilingMicroseconds(Duration duration) =>
        (duration.Days * MicrosecondsPerDay) - FloorDivide(-duration.NanosecondOfDay, NanosecondsPerMicrosecond);

    private static long FloorDivide(long dividend, long divisor)
    {
        (long quotient, long remainder) = Math.DivRem(dividend, divisor);
        return remainder < 0 ? quotient - 1 : quotient;
    }
}
