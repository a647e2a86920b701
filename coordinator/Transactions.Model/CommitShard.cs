namespace Transactions.Model;

/// <summary>One shard that a Commit names: what the client gathered of it (X6).</summary>
/// <param name="Owner">The shard, and the owner that served it; two owners of one shard doom the transaction.</param>
/// <param name="Wrote">Whether anything was written there.</param>
/// <param name="Operations">How many operations the shard admitted.</param>
public readonly record struct CommitShard(ShardGeneration Owner, bool Wrote, int Operations);
