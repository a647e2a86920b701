using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Transactions.Model;

namespace Transactions.Contracts;

/// <summary>A client's key for signing its contexts (X1): <c>HMAC-SHA256(cluster secret, client id | epoch)</c>.</summary>
/// <remarks>
/// A coordinator derives it and gives it to the client at Hello; whoever holds the cluster secret derives it again to verify.
/// Never shown: <see cref="ToString"/> hides it. Immutable and thread-safe.
/// </remarks>
public sealed class ClientKey
{
    /// <summary>The length of a key, in bytes.</summary>
    public const int Length = HMACSHA256.HashSizeInBytes;

    private static readonly byte[] Purpose = "transactions/v1/client-key\0"u8.ToArray();

    private readonly byte[] _bytes;

    private ClientKey(byte[] bytes, string client, int epoch)
    {
        _bytes = bytes;
        Client = client;
        Epoch = epoch;
    }

    /// <summary>Whose key it is.</summary>
    public string Client { get; }

    /// <summary>Which of the client's keys it is. 1 to <see cref="WireLimits.MaxKeyEpoch"/>.</summary>
    public int Epoch { get; }

    /// <summary>Derives a client's key of an epoch.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The client id is missing or too long, or the epoch out of range.</exception>
    public static ClientKey Derive(ClusterSecret secret, string client, int epoch)
    {
        ArgumentNullException.ThrowIfNull(secret);
        CheckTerms(client, epoch);

        // The epoch has a fixed length, so that no two pairs of client and epoch give one message.
        byte[] message = new byte[Purpose.Length + sizeof(int) + Encoding.UTF8.GetByteCount(client)];
        Purpose.CopyTo(message, 0);
        BinaryPrimitives.WriteInt32BigEndian(message.AsSpan(Purpose.Length), epoch);
        Encoding.UTF8.GetBytes(client, message.AsSpan(Purpose.Length + sizeof(int)));
        return new(secret.Derive(message), client, epoch);
    }

    /// <summary>The key that a client was given at Hello.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A part is out of its range.</exception>
    public static ClientKey FromBytes(ReadOnlySpan<byte> bytes, string client, int epoch)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(bytes.Length, Length);
        CheckTerms(client, epoch);
        return new(bytes.ToArray(), client, epoch);
    }

    /// <summary>Always the same words and the public parts, so that no log ever has the key.</summary>
    public override string ToString() => $"(key of {Client}, epoch {Epoch})";

    // For Hello's answer, and nothing else.
    internal byte[] ToBytes() => [.. _bytes];

    internal byte[] Sign(ReadOnlySpan<byte> payload) => HMACSHA256.HashData(_bytes, payload);

    private static void CheckTerms(string client, int epoch)
    {
        ArgumentNullException.ThrowIfNull(client);
        ArgumentOutOfRangeException.ThrowIfZero(client.Length, nameof(client));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(client.Length, TransactionContext.MaxClientLength, nameof(client));
        ArgumentOutOfRangeException.ThrowIfLessThan(epoch, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(epoch, WireLimits.MaxKeyEpoch);
    }
}
