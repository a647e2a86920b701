using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using NodaTime;
using Transactions.Clocks;
using Transactions.Model;

namespace Transactions.Contracts;

/// <summary>Shows, at a participant's Hello, that it holds the cluster's secret without sending it.</summary>
/// <remarks>
/// Dated, so that one that was overheard is soon worthless; the connection itself should be TLS where others can listen.
/// Immutable and thread-safe.
/// </remarks>
public sealed class HelloProof
{
    /// <summary>The length of a proof, in bytes.</summary>
    public const int Length = HMACSHA256.HashSizeInBytes;

    /// <summary>How old a proof may be, clock errors apart.</summary>
    public static readonly Duration MaxAge = Duration.FromSeconds(30);

    private readonly byte[] _key;

    /// <summary>Makes and checks proofs under a cluster's secret.</summary>
    public HelloProof(ClusterSecret secret)
    {
        ArgumentNullException.ThrowIfNull(secret);

        // A key of its own: no client's key, and nothing signed with one, can ever pass for a proof.
        _key = secret.Derive("transactions/v1/hello-key\0"u8);
    }

    /// <summary>The proof for one Hello.</summary>
    /// <param name="cluster">The cluster's name.</param>
    /// <param name="identity">The participant's.</param>
    /// <param name="issuedAt">The present, by the participant's clock.</param>
    public byte[] Prove(string cluster, string identity, Timestamp issuedAt)
    {
        int clusterLength = Encoding.UTF8.GetByteCount(cluster);
        byte[] message = new byte[sizeof(long) + sizeof(int) + clusterLength + Encoding.UTF8.GetByteCount(identity)];
        BinaryPrimitives.WriteInt64BigEndian(message, issuedAt.Value);

        // The length keeps "ab" + "c" and "a" + "bc" apart.
        BinaryPrimitives.WriteInt32BigEndian(message.AsSpan(sizeof(long)), clusterLength);
        Encoding.UTF8.GetBytes(cluster, message.AsSpan(sizeof(long) + sizeof(int)));
        Encoding.UTF8.GetBytes(identity, message.AsSpan(sizeof(long) + sizeof(int) + clusterLength));
        return HMACSHA256.HashData(_key, message);
    }

    /// <summary>Checks a Hello's proof; null when it holds.</summary>
    /// <param name="introduction">What the participant said.</param>
    /// <param name="now">The present.</param>
    /// <param name="maxOffset">How far ahead the participant's clock may be.</param>
    public Refusal? Check(ParticipantIntroduction introduction, ClockInterval now, Duration maxOffset)
    {
        ArgumentNullException.ThrowIfNull(introduction);
        byte[] expected = Prove(introduction.Cluster, introduction.Identity, introduction.IssuedAt);
        if (!CryptographicOperations.FixedTimeEquals(expected, introduction.Proof.Span))
        {
            return Unauthenticated(
                "proof", "The proof isn't this cluster's; give the participant the coordinator's cluster secret.");
        }

        bool isFresh = now.Accepts(introduction.IssuedAt, maxOffset)
            && introduction.IssuedAt >= now.Earliest.Minus(MaxAge + maxOffset);
        return isFresh ? null : Unauthenticated(
            "issued_at",
            $"issued_at is {introduction.IssuedAt} and it is {now} here; a proof counts for {MaxAge}: synchronise the clocks, and prove each "
            + "Hello anew.");
    }

    private static Refusal Unauthenticated(string field, string message) =>
        new(RefusalStatus.Unauthenticated, RefusalReason.BadSignature, message) { Field = field };
}
