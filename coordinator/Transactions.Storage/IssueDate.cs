using System.Buffers.Binary;

namespace Transactions.Storage;

/// <summary>Compares the date inside transaction ids with a mark, where PostgreSQL compares ids (D5).</summary>
/// <remarks>
/// A UUIDv7 starts with its milliseconds, and <c>uuid</c> compares as unsigned bytes; so all ids dated at or below a mark
/// are those below one bound.
/// </remarks>
public static class IssueDate
{
    private const int CounterBits = 10;
    private const long MicrosecondsPerMillisecond = 1_000;
    private const long LastMillisecond = (1L << 48) - 1;

    /// <summary>The bound: every id dated at or below the mark is less, and every other id isn't.</summary>
    /// <param name="mark">A timestamp as it is stored, not negative.</param>
    public static Guid FirstIdAfter(long mark)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(mark);
        long milliseconds = Math.Min(((mark >> CounterBits) / MicrosecondsPerMillisecond) + 1, LastMillisecond);
        Span<byte> bytes = stackalloc byte[16];
        bytes.Clear();
        BinaryPrimitives.WriteUInt64BigEndian(bytes, (ulong)milliseconds << 16);
        return new Guid(bytes, bigEndian: true);
    }
}
