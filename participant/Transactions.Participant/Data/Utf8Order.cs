namespace Transactions.Participant;

/// <summary>Compares strings as their UTF-8 bytes compare, which is the order of their code points.</summary>
/// <remarks>
/// UTF-16 code units order U+1F600 (a surrogate pair, from 0xD800) before U+FFFD; UTF-8 bytes order them the other way
/// round. Thread-safe.
/// </remarks>
public sealed class Utf8Order : IComparer<string>
{
    private Utf8Order()
    {
    }

    /// <summary>The one instance.</summary>
    public static Utf8Order Instance { get; } = new();

    /// <summary>Negative, zero or positive as <paramref name="left"/> sorts before, with or after <paramref name="right"/>.</summary>
    public static int Compare(string left, string right)
    {
        int shared = Math.Min(left.Length, right.Length);
        int same = left.AsSpan().CommonPrefixLength(right);
        return same < shared ? Weight(left[same]) - Weight(right[same]) : left.Length - right.Length;
    }

    int IComparer<string>.Compare(string? x, string? y) => Compare(x ?? "", y ?? "");

    // Moves the surrogates (which stand for code points above U+FFFF) above U+E000..U+FFFF.
    private static int Weight(char unit) => unit switch
    {
        >= '\uE000' => unit - 0x800,
        >= '\uD800' => unit + 0x2000,
        _ => unit,
    };
}
