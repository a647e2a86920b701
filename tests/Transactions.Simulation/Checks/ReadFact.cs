using System.Collections.Immutable;
using Transactions.Model;
using Transactions.Participant;

namespace Transactions.Simulation;

/// <summary>What a transaction read under a lock, so that it must still hold at its commit timestamp.</summary>
internal sealed record ReadFact(ShardId Shard, RecordKey Record, Entry? Entry, ReadKind Kind)
{
    /// <summary>The part of a range that was read.</summary>
    public KeyRange Range { get; init; }

    public ImmutableArray<Entry> Entries { get; init; } = [];

    /// <summary>Keys of the range that the transaction itself had written.</summary>
    public HashSet<string> Own { get; init; } = [];
}
