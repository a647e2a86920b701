using System.Collections.Immutable;

namespace Transactions.Participant;

/// <summary>What a read-only transaction asks of a shard (section 4).</summary>
public abstract record SnapshotQuery
{
    /// <summary>Reads the records named, in their order.</summary>
    public sealed record Get(string Collection, ImmutableArray<string> Keys) : SnapshotQuery;

    /// <summary>Reads a range in key order, at most <paramref name="Limit"/> records.</summary>
    public sealed record Scan(KeyRange Range, int Limit) : SnapshotQuery;
}
