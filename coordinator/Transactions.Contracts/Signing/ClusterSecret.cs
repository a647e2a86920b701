using System.Security.Cryptography;

namespace Transactions.Contracts;

/// <summary>What coordinators and participants of one cluster share and nobody else knows; all keys derive from it.</summary>
/// <remarks>Never shown: <see cref="ToString"/> hides it. Immutable and thread-safe.</remarks>
public sealed class ClusterSecret
{
    /// <summary>The least length, in bytes.</summary>
    public const int MinLength = 16;

    // 16 random bytes have fewer than 8 different ones about once in 10^12; "aaaaaaaaaaaaaaaa" has one.
    private const int MinDifferentBytes = 8;

    private readonly byte[] _bytes;

    private ClusterSecret(byte[] bytes) => _bytes = bytes;

    /// <summary>Makes a secret of random bytes, such as <c>openssl rand 32</c> gives.</summary>
    /// <exception cref="ArgumentException">They are too few, or too much alike to be random; the message says the remedy.</exception>
    public static ClusterSecret FromBytes(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < MinLength)
        {
            throw new ArgumentException(
                $"The cluster secret has {bytes.Length} bytes; give at least {MinLength} random ones (openssl rand -base64 32).");
        }

        HashSet<byte> different = [.. bytes];
        return different.Count >= MinDifferentBytes
            ? new(bytes.ToArray())
            : throw new ArgumentException(
                $"The cluster secret has only {different.Count} different bytes; give random ones (openssl rand -base64 32).");
    }

    /// <summary>Reads a secret written in Base64.</summary>
    /// <exception cref="ArgumentException">It is no Base64, too short, or not random; the message doesn't repeat it.</exception>
    public static ClusterSecret Parse(string base64)
    {
        ArgumentNullException.ThrowIfNull(base64);
        byte[] bytes = new byte[base64.Length];
        return Convert.TryFromBase64String(base64, bytes, out int length)
            ? FromBytes(bytes.AsSpan(0, length))
            : throw new ArgumentException("The cluster secret is no Base64; make one with: openssl rand -base64 32.");
    }

    /// <summary>Always the same words, so that no log ever has the secret.</summary>
    public override string ToString() => "(cluster secret)";

    // HMAC-SHA256 under the secret; every caller's message begins with words of its own.
    internal byte[] Derive(ReadOnlySpan<byte> message) => HMACSHA256.HashData(_bytes, message);
}
