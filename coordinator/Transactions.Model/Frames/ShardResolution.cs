using Transactions.Clocks;

namespace Transactions.Model;

/// <summary>What the only shard of a transaction knows of its end (D4).</summary>
/// <param name="Kind">What it knows.</param>
/// <param name="CommitTimestamp">The commit timestamp, if it committed; else zero.</param>
public readonly record struct ShardResolution(ShardResolutionKind Kind, Timestamp CommitTimestamp)
{
    /// <summary>Committed there.</summary>
    public static ShardResolution Committed(Timestamp commitTimestamp) => new(ShardResolutionKind.Committed, commitTimestamp);

    /// <summary>Anything without a timestamp.</summary>
    public static ShardResolution Of(ShardResolutionKind kind) => new(kind, Timestamp.Zero);
}
