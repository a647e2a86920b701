using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Transactions.Clocks;

// The readable form: exact, always in UTC, the same in every culture.
public readonly partial record struct Timestamp : ISpanFormattable, ISpanParsable<Timestamp>
{
    private const string Written = "yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'";
    private const string Read = "yyyy-MM-dd'T'HH:mm:ss.FFFFFF'Z'";
    private const char CounterMark = '#';

    // "2026-11-23T12:45:10.123456Z#1023" has 32 characters, the longest integer 20.
    private const int LongestText = 32;

    /// <summary>The exact readable form, such as <c>2026-11-23T12:45:10.123456Z#7</c>; a counter of 0 isn't written.</summary>
    public override string ToString() => ToString(null, null);

    /// <summary>The readable form, or with format <c>D</c> the bare decimal integer.</summary>
    /// <param name="format"><c>null</c>, empty or <c>G</c> for the readable form, <c>D</c> for the integer.</param>
    /// <param name="formatProvider">Not used: the text is the same in every culture.</param>
    /// <exception cref="FormatException">The format is another one.</exception>
    public string ToString(string? format, IFormatProvider? formatProvider)
    {
        Span<char> text = stackalloc char[LongestText];
        TryFormat(text, out int length, format, formatProvider);
        return new string(text[..length]);
    }

    /// <summary>Writes what <see cref="ToString(string?, IFormatProvider?)"/> returns; allocates nothing.</summary>
    /// <returns>Whether it fitted; if not, the contents of <paramref name="destination"/> mean nothing.</returns>
    /// <exception cref="FormatException">The format is neither empty nor <c>G</c> nor <c>D</c>.</exception>
    public bool TryFormat(Span<char> destination, out int charsWritten, ReadOnlySpan<char> format, IFormatProvider? provider) =>
        format switch
        {
            "" or "G" => TryFormatReadable(destination, out charsWritten),
            "D" => Value.TryFormat(destination, out charsWritten, default, CultureInfo.InvariantCulture),
            _ => throw new FormatException("A timestamp has the formats G (readable, the default) and D (decimal integer)."),
        };

    /// <summary>Reads the readable form (with up to six digits of a fraction) or the bare decimal integer.</summary>
    /// <param name="s">The text, without blanks.</param>
    /// <param name="provider">Not used: the text is the same in every culture.</param>
    /// <exception cref="FormatException">The text is neither, or a part is out of its range.</exception>
    public static Timestamp Parse(ReadOnlySpan<char> s, IFormatProvider? provider = null) =>
        TryParse(s, provider, out Timestamp result)
            ? result
            : throw new FormatException(
                $"'{s}' is not a timestamp. Write it like 2026-11-23T12:45:10.123456Z#7 (years 1684 to 2255, counter 0 to 1023, "
                + "which may be left out) or as its 64-bit integer.");

    /// <inheritdoc cref="Parse(ReadOnlySpan{char}, IFormatProvider?)"/>
    /// <exception cref="ArgumentNullException">The text is null.</exception>
    public static Timestamp Parse(string s, IFormatProvider? provider = null)
    {
        ArgumentNullException.ThrowIfNull(s);
        return Parse(s.AsSpan(), provider);
    }

    /// <summary>Reads what <see cref="Parse(string, IFormatProvider?)"/> reads, without throwing.</summary>
    public static bool TryParse([NotNullWhen(true)] string? s, IFormatProvider? provider, out Timestamp result) =>
        TryParse(s.AsSpan(), provider, out result);

    /// <inheritdoc cref="TryParse(string?, IFormatProvider?, out Timestamp)"/>
    public static bool TryParse(ReadOnlySpan<char> s, IFormatProvider? provider, out Timestamp result)
    {
        if (long.TryParse(s, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long value))
        {
            result = new Timestamp(value);
            return true;
        }

        return TryParseReadable(s, out result);
    }

    private bool TryFormatReadable(Span<char> destination, out int charsWritten)
    {
        DateTime physical = DateTime.UnixEpoch.AddTicks(Microseconds * TicksPerMicrosecond);
        if (!physical.TryFormat(destination, out charsWritten, Written, CultureInfo.InvariantCulture))
        {
            return false;
        }

        if (Counter == 0)
        {
            return true;
        }

        Span<char> rest = destination[charsWritten..];
        if (rest.IsEmpty || !Counter.TryFormat(rest[1..], out int digits, default, CultureInfo.InvariantCulture))
        {
            charsWritten = 0;
            return false;
        }

        rest[0] = CounterMark;
        charsWritten += 1 + digits;
        return true;
    }

    private static bool TryParseReadable(ReadOnlySpan<char> text, out Timestamp result)
    {
        result = default;
        int mark = text.IndexOf(CounterMark);
        int counter = 0;
        if (mark >= 0)
        {
            if (!int.TryParse(text[(mark + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out counter)
                || counter > CounterMask)
            {
                return false;
            }

            text = text[..mark];
        }

        const DateTimeStyles utc = DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal;
        if (!DateTime.TryParseExact(text, Read, CultureInfo.InvariantCulture, utc, out DateTime physical))
        {
            return false;
        }

        long microseconds = FloorDivide((physical - DateTime.UnixEpoch).Ticks, TicksPerMicrosecond);
        if (microseconds is < MinMicroseconds or > MaxMicroseconds)
        {
            return false;
        }

        result = FromMicroseconds(microseconds, counter);
        return true;
    }
}
