namespace Transactions.Model;

/// <summary>A shard under one of its owners: what takes part in a transaction.</summary>
public readonly record struct ShardGeneration(ShardId Shard, Generation Generation)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Shard}@{Generation}";
}
