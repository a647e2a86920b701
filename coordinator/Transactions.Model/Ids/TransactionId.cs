using System.Buffers.Binary;
using Transactions.Clocks;

namespace Transactions.Model;

/// <summary>Names one transaction for ever: a UUIDv7, made by the client that runs it.</summary>
/// <remarks>
/// The first 48 bits are milliseconds since the Unix epoch. X1 bounds how far they may lie from the present, and D5 prunes
/// by them. Ordered as unsigned bytes, as PostgreSQL orders <c>uuid</c>. Immutable and thread-safe.
/// </remarks>
public readonly record struct TransactionId(Guid Value) : IComparable<TransactionId>
{
    /// <summary>The length of an id on the wire, in bytes.</summary>
    public const int Length = 16;

    /// <summary>The moment in the id, to the millisecond.</summary>
    public Timestamp IssuedAt
    {
        get
        {
            Span<byte> bytes = stackalloc byte[Length];
            Value.TryWriteBytes(bytes, bigEndian: true, out _);
            long milliseconds = (long)(BinaryPrimitives.ReadUInt64BigEndian(bytes) >> 16);
            return milliseconds > Timestamp.MaxValue.Microseconds / 1000
                ? Timestamp.MaxValue
                : Timestamp.FromMicroseconds(milliseconds * 1000);
        }
    }

    /// <summary>Makes an id dated <paramref name="now"/>, its other bits random.</summary>
    /// <param name="now">The present; before the Unix epoch is an <see cref="ArgumentOutOfRangeException"/>.</param>
    public static TransactionId Create(Timestamp now) => new(Guid.CreateVersion7(now.ToInstant().ToDateTimeOffset()));

    /// <summary>Makes an id from a date and 10 bytes of chance, for callers whose chance comes from a seed.</summary>
    public static TransactionId Create(Timestamp now, ReadOnlySpan<byte> chance)
    {
        Span<byte> bytes = stackalloc byte[Length];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, (ulong)(now.Microseconds / 1000) << 16);
        chance[..10].CopyTo(bytes[6..]);
        bytes[6] = (byte)(0x70 | (bytes[6] & 0x0F));
        bytes[8] = (byte)(0x80 | (bytes[8] & 0x3F));
        return new(new Guid(bytes, bigEndian: true));
    }

    /// <summary>Reads an id from its 16 bytes, most significant first.</summary>
    /// <returns>False when the length is wrong, or the bytes are no UUID of version 7.</returns>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out TransactionId id)
    {
        id = default;
        if (bytes.Length != Length || bytes[6] >> 4 != 7 || bytes[8] >> 6 != 0b10)
        {
            return false;
        }

        id = new(new Guid(bytes, bigEndian: true));
        return true;
    }

    /// <summary>The 16 bytes, most significant first.</summary>
    public byte[] ToBytes() => Value.ToByteArray(bigEndian: true);

    /// <inheritdoc/>
    public int CompareTo(TransactionId other) => Value.CompareTo(other.Value);

    /// <inheritdoc/>
    public override string ToString() => Value.ToString();
}
