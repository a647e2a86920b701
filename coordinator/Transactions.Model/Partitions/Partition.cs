using System.Buffers;
using System.IO.Hashing;
using System.Text;

namespace Transactions.Model;

/// <summary>The smallest part of a service's data that can move between shards: all keys of one hash.</summary>
/// <remarks>
/// Only the part of a key before its first '/' is hashed, so that keys under one prefix stay together. Stored: the hash never
/// changes. Immutable and thread-safe.
/// </remarks>
public readonly record struct Partition
{
    /// <summary>How many there are in every service.</summary>
    public const int Count = 1_024;

    private const char PrefixEnd = '/';
    private const int StackBytes = 512;

    /// <summary>Makes a partition from its number.</summary>
    /// <param name="number">0 to <see cref="Count"/> - 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such partition.</exception>
    public Partition(int number)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(number);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(number, Count);
        Number = number;
    }

    /// <summary>0 to <see cref="Count"/> - 1.</summary>
    public int Number { get; }

    /// <summary>The partition of a key: <c>xxHash64(UTF-8 of the key up to its first '/') mod 1024</c>.</summary>
    public static Partition Of(string key)
    {
        ArgumentNullException.ThrowIfNull(key);
        int end = key.IndexOf(PrefixEnd, StringComparison.Ordinal);
        ReadOnlySpan<char> prefix = end < 0 ? key : key.AsSpan(0, end);
        int most = Encoding.UTF8.GetMaxByteCount(prefix.Length);
        byte[]? rented = most > StackBytes ? ArrayPool<byte>.Shared.Rent(most) : null;
        Span<byte> utf8 = rented ?? stackalloc byte[StackBytes];
        int length = Encoding.UTF8.GetBytes(prefix, utf8);
        int number = (int)(XxHash64.HashToUInt64(utf8[..length]) % Count);
        if (rented is not null)
        {
            ArrayPool<byte>.Shared.Return(rented);
        }

        return new(number);
    }

    /// <inheritdoc/>
    public override string ToString() => Number.ToString();
}
