using System.Collections.Immutable;
using Transactions.Clocks;

namespace Transactions.Participant;

/// <summary>What to read from the versions: the newest of each record at or below a timestamp.</summary>
public abstract record VersionQuery(Timestamp At)
{
    /// <summary>The records named. Answered in any order, tombstones too; nothing for a record without versions.</summary>
    public sealed record Records(Timestamp At, ImmutableArray<RecordKey> Keys) : VersionQuery(At);

    /// <summary>
    /// A range in key order: at most <paramref name="Limit"/> live records, and every tombstone met before the last of
    /// them (the overlay may hide or revive any). It may end earlier, after at least one, where so much can't be had at once.
    /// </summary>
    public sealed record Range(Timestamp At, KeyRange Keys, int Limit) : VersionQuery(At);
}
