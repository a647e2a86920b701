using System.Collections.Immutable;
using Transactions.Clocks;
using Transactions.Model;

namespace Transactions.Contracts;

/// <summary>What a participant says first on its stream to a coordinator.</summary>
/// <param name="Cluster">Its cluster's name.</param>
/// <param name="Limits">What it is configured with.</param>
/// <param name="Identity">Its name, for people.</param>
/// <param name="Owned">The shards that it owns now.</param>
/// <param name="IssuedAt">Its clock when it made the proof.</param>
/// <param name="Proof">That it holds the cluster's secret: see <see cref="HelloProof"/>.</param>
public sealed record ParticipantIntroduction(
    string Cluster,
    ProtocolLimits Limits,
    string Identity,
    ImmutableArray<ShardEndpoint> Owned,
    Timestamp IssuedAt,
    ReadOnlyMemory<byte> Proof);
