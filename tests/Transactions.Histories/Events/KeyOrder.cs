namespace Transactions.Histories;

/// <summary>The order of keys: by their UTF-8 bytes, as the stores have it.</summary>
internal sealed class KeyOrder : IComparer<string>
{
    public static readonly KeyOrder Instance = new();

    public int Compare(string? x, string? y)
    {
        if (x is null || y is null)
        {
            return (x is null ? 0 : 1) - (y is null ? 0 : 1);
        }

        int same = x.AsSpan().CommonPrefixLength(y);
        if (same == x.Length || same == y.Length)
        {
            return x.Length - y.Length;
        }

        // UTF-16 units sort like UTF-8 bytes, but for surrogates: what they stand for lies above U+FFFF.
        char left = x[same];
        char right = y[same];
        return char.IsSurrogate(left) != char.IsSurrogate(right) ? (char.IsSurrogate(left) ? 1 : -1) : left - right;
    }

    public static bool IsInRange(string key, string start, string? end) =>
        Instance.Compare(key, start) >= 0 && (end is null || Instance.Compare(key, end) < 0);
}
