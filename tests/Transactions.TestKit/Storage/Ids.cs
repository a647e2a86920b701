using System.Buffers.Binary;
using Transactions.Clocks;
using Transactions.Model;

namespace Transactions.TestKit.Storage;

/// <summary>Makes ids that differ, without chance: dated where a test wants them, numbered as they are made.</summary>
public sealed class Ids
{
    /// <summary>Where tests' dates start: a moment well in the past.</summary>
    public static Timestamp Start { get; } = Timestamp.FromMicroseconds(1_600_000_000_000_000);

    private long _count;

    /// <summary>The next id, dated a number of milliseconds after <see cref="Start"/>.</summary>
    public TransactionId Next(long milliseconds = 0)
    {
        Span<byte> chance = stackalloc byte[10];
        BinaryPrimitives.WriteInt64BigEndian(chance[2..], ++_count);
        return TransactionId.Create(At(milliseconds), chance);
    }

    /// <summary>A moment, a number of milliseconds after <see cref="Start"/>.</summary>
    public static Timestamp At(long milliseconds) => Timestamp.FromMicroseconds(Start.Microseconds + (milliseconds * 1_000));
}
