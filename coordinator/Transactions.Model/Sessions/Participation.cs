using System.Collections.Immutable;

namespace Transactions.Model;

/// <summary>What a call did for its transaction: what its trailer brings back to the caller (X2).</summary>
/// <param name="Shards">The shards that it, and the calls below it, used: each owner once, ordered by shard and generation.</param>
/// <param name="Doom">Why the transaction can't commit any more; null while it can.</param>
public sealed record Participation(ImmutableArray<CommitShard> Shards, Doom? Doom)
{
    /// <summary>How many shards one transaction may use.</summary>
    public const int MaxShards = 1_024;

    /// <summary>How many operations one transaction may have on one shard.</summary>
    public const int MaxOperations = 1_000_000;

    /// <summary>Nothing done, nothing wrong.</summary>
    public static Participation None { get; } = new([], null);

    /// <summary>Whether both say the same.</summary>
    public bool Equals(Participation? other) =>
        other is not null && Doom == other.Doom && Shards.AsSpan().SequenceEqual(other.Shards.AsSpan());

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Shards.Length, Doom);
}
