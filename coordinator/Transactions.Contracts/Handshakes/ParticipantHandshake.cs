using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using Google.Protobuf;
using NodaTime;
using Transactions.Clocks;
using Transactions.Model;

namespace Transactions.Contracts;

/// <summary>The first message each way on a participant's stream (T5, X3).</summary>
/// <remarks>Immutable and thread-safe.</remarks>
/// <param name="cluster">What this side is configured with.</param>
/// <param name="proof">Makes and checks proofs under the cluster's secret.</param>
public sealed class ParticipantHandshake(ClusterIdentity cluster, HelloProof proof)
{
    /// <summary>The participant's Hello, proved.</summary>
    /// <param name="identity">The participant's name. 1 to <see cref="WireLimits.MaxIdentityLength"/> characters.</param>
    /// <param name="owned">The shards that it owns now.</param>
    /// <param name="now">The present, by its clock.</param>
    public V1.ParticipantHello Introduce(string identity, IEnumerable<ShardEndpoint> owned, Timestamp now)
    {
        V1.ParticipantHello hello = new()
        {
            ProtocolVersion = WireLimits.ProtocolVersion,
            Cluster = cluster.Name,
            Limits = LimitsMapping.ToWire(cluster.Limits),
            Identity = identity,
            IssuedAt = now.Value,
            Proof = UnsafeByteOperations.UnsafeWrap(proof.Prove(cluster.Name, identity, now)),
        };
        hello.Owned.AddRange(owned.Select(OwnershipMapping.ToWire));
        return hello;
    }

    /// <summary>A coordinator reads and checks a participant's Hello: version, cluster, every field, proof, limits.</summary>
    /// <returns>False with a refusal: FAILED_PRECONDITION for a mismatch, UNAUTHENTICATED for a bad proof.</returns>
    public bool TryAccept(
        V1.ParticipantHello? hello,
        ClockInterval now,
        [NotNullWhen(true)] out ParticipantIntroduction? introduction,
        [NotNullWhen(false)] out Refusal? refusal)
    {
        introduction = null;
        if (!Check.Present(hello, "hello", out refusal))
        {
            return false;
        }

        // The version comes first: another one's fields may mean something else.
        refusal = cluster.Refuse(hello.ProtocolVersion, hello.Cluster);
        if (refusal is not null || !TryRead(hello, out ParticipantIntroduction? read, out refusal))
        {
            return false;
        }

        refusal = proof.Check(read, now, cluster.Limits.MaxOffset) ?? cluster.Refuse(read.Limits);
        introduction = refusal is null ? read : null;
        return introduction is not null;
    }

    /// <summary>The coordinator's Hello.</summary>
    public V1.CoordinatorHello Answer(CoordinatorIntroduction introduction)
    {
        ArgumentNullException.ThrowIfNull(introduction);
        return new()
        {
            ProtocolVersion = WireLimits.ProtocolVersion,
            Cluster = cluster.Name,
            Limits = LimitsMapping.ToWire(cluster.Limits),
            Coordinator = introduction.Coordinator.Name,
            Incarnation = introduction.Coordinator.Incarnation.Value,
            KeyEpoch = introduction.KeyEpoch,
        };
    }

    /// <summary>A participant reads and checks a coordinator's Hello.</summary>
    /// <returns>False with a refusal: FAILED_PRECONDITION for a mismatch, INVALID_ARGUMENT for a field at fault.</returns>
    public bool TryAccept(
        V1.CoordinatorHello? hello,
        [NotNullWhen(true)] out CoordinatorIntroduction? introduction,
        [NotNullWhen(false)] out Refusal? refusal)
    {
        introduction = null;
        if (!Check.Present(hello, "hello", out refusal))
        {
            return false;
        }

        refusal = cluster.Refuse(hello.ProtocolVersion, hello.Cluster);
        if (refusal is not null
            || !LimitsMapping.TryRead(hello.Limits, out ProtocolLimits? limits, out refusal)
            || !Check.Text(hello.Coordinator, CoordinatorId.MaxNameLength, "coordinator", out refusal)
            || !Check.Range(hello.KeyEpoch, 1, WireLimits.MaxKeyEpoch, "key_epoch", out refusal))
        {
            return false;
        }

        refusal = cluster.Refuse(limits);
        if (refusal is not null)
        {
            return false;
        }

        introduction = new(new(hello.Coordinator, new Incarnation(hello.Incarnation)), hello.KeyEpoch);
        return true;
    }

    private static bool TryRead(
        V1.ParticipantHello hello,
        [NotNullWhen(true)] out ParticipantIntroduction? introduction,
        [NotNullWhen(false)] out Refusal? refusal)
    {
        introduction = null;
        if (!LimitsMapping.TryRead(hello.Limits, out ProtocolLimits? limits, out refusal)
            || !Check.Text(hello.Identity, WireLimits.MaxIdentityLength, "identity", out refusal)
            || !OwnershipMapping.TryRead(hello.Owned, "owned", out ImmutableArray<ShardEndpoint> owned, out refusal)
            || !Check.Timestamp(hello.IssuedAt, "issued_at", out Timestamp issuedAt, out refusal)
            || !Check.Bytes(hello.Proof.Length, HelloProof.Length, HelloProof.Length, "proof", out refusal))
        {
            return false;
        }

        introduction = new(hello.Cluster, limits, hello.Identity, owned, issuedAt, hello.Proof.Memory);
        return true;
    }
}
