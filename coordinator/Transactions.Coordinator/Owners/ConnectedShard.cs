using Transactions.Model;

namespace Transactions.Coordinator;

/// <summary>A shard whose owner is connected, for the directory of owners: a hint, since the generation is the truth.</summary>
/// <param name="Link">The owner's stream.</param>
/// <param name="Owner">The shard and its generation.</param>
/// <param name="Endpoint">Where its Store answers.</param>
public sealed record ConnectedShard(LinkId Link, ShardGeneration Owner, string Endpoint);
