using System.Buffers.Binary;

namespace Transactions.Clocks.Tests.Sources;

/// <summary>What the kernel writes: <c>struct timex</c> byte for byte, as on 64-bit Linux.</summary>
internal sealed record TimexBytes
{
    public const int Pll = 0x0001;
    public const int Unsynchronised = 0x0040;
    public const int ClockError = 0x1000;
    public const int Nano = 0x2000;

    // 2026-11-23T12:45:10.123456(789)Z, as chrony leaves a synchronised machine.
    public int ReturnCode { get; init; }

    public int Status { get; init; } = Nano | Pll;

    public long MaxError { get; init; } = 1_733;

    public long Seconds { get; init; } = 1_795_437_910;

    public long Fraction { get; init; } = 123_456_789;

    /// <summary>A virtual machine that nobody synchronises.</summary>
    public static TimexBytes UnsynchronisedMachine { get; } = new()
    {
        ReturnCode = 5,
        Status = Unsynchronised,
        MaxError = 16_000_000,
        Fraction = 123_456,
    };

    public byte[] ToArray()
    {
        byte[] bytes = new byte[208];
        Write(bytes);
        return bytes;
    }

    public int Write(Span<byte> bytes)
    {
        BinaryPrimitives.WriteInt64LittleEndian(bytes[8..], -12_345);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[16..], 987_654);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[24..], MaxError);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[32..], 42);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[40..], Status);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[48..], 7);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[56..], 1);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[64..], 32_768_000);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[72..], Seconds);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[80..], Fraction);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[88..], 10_000);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[160..], 37);
        return ReturnCode;
    }
}
