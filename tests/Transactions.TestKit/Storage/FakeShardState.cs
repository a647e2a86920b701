using System.Collections.Immutable;
using Transactions.Clocks;
using Transactions.Model;
using Transactions.Participant;

namespace Transactions.TestKit.Storage;

/// <summary>All that a fake database holds of a shard. Immutable.</summary>
/// <param name="Row">The shard's row; null before it is made.</param>
/// <param name="Prepared">Prepared writers with their intents.</param>
/// <param name="Outcomes">The one-phase register.</param>
/// <param name="Versions">Each record's versions, newest first.</param>
public sealed record FakeShardState(
    ShardRow? Row,
    ImmutableSortedDictionary<TransactionId, PreparedRow> Prepared,
    ImmutableSortedDictionary<TransactionId, Outcome> Outcomes,
    ImmutableSortedDictionary<RecordKey, ImmutableList<RecordVersion>> Versions)
{
    /// <summary>Nothing at all.</summary>
    public static FakeShardState Empty { get; } = new(
        null,
        ImmutableSortedDictionary<TransactionId, PreparedRow>.Empty,
        ImmutableSortedDictionary<TransactionId, Outcome>.Empty,
        ImmutableSortedDictionary<RecordKey, ImmutableList<RecordVersion>>.Empty);

    /// <summary>Whether the row still says what a writer believes (L2).</summary>
    public bool Allows(Fence fence) => Row is not null && Row.Generation == fence.Generation && Row.Epoch == fence.Epoch;

    /// <summary>The newest version of a record at or below a timestamp.</summary>
    public RecordVersion? NewestAt(RecordKey record, Timestamp at)
    {
        int index = Versions.GetValueOrDefault(record)?.FindIndex(v => v.CommitTimestamp <= at) ?? -1;
        return index < 0 ? null : Versions[record][index];
    }

    /// <summary>This with the writes as versions.</summary>
    /// <exception cref="InvalidOperationException">A record has a version at that timestamp: invariant 3 is broken.</exception>
    public FakeShardState WithVersions(IEnumerable<RecordWrite> writes, Timestamp commitTimestamp)
    {
        var versions = Versions.ToBuilder();
        foreach (RecordWrite write in writes)
        {
            ImmutableList<RecordVersion> ofRecord = versions.GetValueOrDefault(write.Record, []);
            int place = ofRecord.FindIndex(v => v.CommitTimestamp <= commitTimestamp);
            if (place >= 0 && ofRecord[place].CommitTimestamp == commitTimestamp)
            {
                throw new InvalidOperationException($"{write.Record} has two versions at {commitTimestamp}.");
            }

            versions[write.Record] = ofRecord.Insert(
                place < 0 ? ofRecord.Count : place, new RecordVersion(write.Record, commitTimestamp, write.Value));
        }

        return this with { Versions = versions.ToImmutable() };
    }

    /// <summary>This without the versions that nobody reads at or above a horizon.</summary>
    public FakeShardState WithoutHistoryBelow(Timestamp horizon)
    {
        var versions = Versions.ToBuilder();
        foreach ((RecordKey record, ImmutableList<RecordVersion> ofRecord) in Versions)
        {
            int newest = ofRecord.FindIndex(v => v.CommitTimestamp <= horizon);
            if (newest < 0)
            {
                continue;
            }

            int kept = ofRecord[newest].Value is null ? newest : newest + 1;
            versions[record] = ofRecord.RemoveRange(kept, ofRecord.Count - kept);
            if (versions[record].IsEmpty)
            {
                versions.Remove(record);
            }
        }

        return this with { Versions = versions.ToImmutable() };
    }
}
