namespace Transactions.Client;

/// <summary>Keys of a collection, ordered by their UTF-8 bytes. Immutable.</summary>
/// <param name="From">The least key; empty means from the first.</param>
/// <param name="To">The key above the greatest; null means to the last.</param>
public readonly record struct ScanRange(string From, string? To)
{
    /// <summary>All keys.</summary>
    public static ScanRange All => new("", null);

    /// <summary>All keys that begin with a prefix, such as <c>"orders/"</c>.</summary>
    public static ScanRange Prefix(string prefix)
    {
        ArgumentNullException.ThrowIfNull(prefix);
        return new(prefix, Successor(prefix));
    }

    // The least text above everything that begins with the prefix: its last code point that has a successor, raised by one.
    private static string? Successor(string prefix)
    {
        List<int> points = [.. prefix.EnumerateRunes().Select(rune => rune.Value)];
        while (points.Count > 0)
        {
            int last = points[^1];
            points.RemoveAt(points.Count - 1);
            if (last < 0x10FFFF)
            {
                // Surrogates are no code points of UTF-8.
                int next = last + 1 == 0xD800 ? 0xE000 : last + 1;
                return string.Concat(points.Append(next).Select(char.ConvertFromUtf32));
            }
        }

        return null;
    }
}
