using System.Collections.Immutable;
using Transactions.Clocks;

namespace Transactions.Participant;

/// <summary>Reads versions: captures the overlay first, then asks PostgreSQL, and merges what comes back (X10).</summary>
/// <remarks>The overlay's entry may be flushed between the statement's snapshot and its answer: hence the copy.</remarks>
internal sealed class VersionReader(ShardCore core, Overlay overlay)
{
    private readonly Dictionary<long, Action<VersionsReadResult>> _underWay = [];
    private Timestamp _horizonBefore;

    /// <summary>Reads the newest version of each record at or below a timestamp.</summary>
    /// <param name="at">The timestamp; the greatest one for a locked read.</param>
    /// <param name="records">What to read.</param>
    /// <param name="done">Gets the versions found, or why there are none.</param>
    public void ReadRecords(
        Timestamp at, ImmutableArray<RecordKey> records, Action<Dictionary<RecordKey, RecordVersion>, ReadFailure?> done)
    {
        Dictionary<RecordKey, RecordVersion> newest = Capture(at, records);
        Ask(new VersionQuery.Records(at, records), result =>
        {
            if (!TryUse(result, at, out VersionsReadResult.Succeeded? found, out ReadFailure? failure))
            {
                done([], failure);
                return;
            }

            if (core.Mutation == Mutation.CaptureOverlayLate)
            {
                newest = Capture(at, records);
            }

            foreach (RecordVersion version in found!.Versions)
            {
                if (!newest.TryGetValue(version.Record, out RecordVersion known) || version.CommitTimestamp > known.CommitTimestamp)
                {
                    newest[version.Record] = version;
                }
            }

            done(newest, null);
        });
    }

    /// <summary>Reads the live records of a range in key order.</summary>
    /// <param name="at">The timestamp; the greatest one for a locked read.</param>
    /// <param name="range">What to read.</param>
    /// <param name="limit">How many live records at most; fewer when a reply holds no more, but never none for that.</param>
    /// <param name="reader">The transaction whose own writes are seen too; null for a snapshot.</param>
    /// <param name="isWanted">Whether somebody still waits: else nothing more is read, and nobody told.</param>
    /// <param name="done">Gets the records and where to go on, or why there are none.</param>
    public void ReadRange(
        Timestamp at,
        KeyRange range,
        int limit,
        ShardTransaction? reader,
        Func<bool> isWanted,
        Action<OperationResult.Scanned?, ReadFailure?> done)
    {
        RangeMerge merge = new(range, limit, core.Options.MaxReplyBytes, overlay.NewestIn(range, at), reader);
        AskRange(at, merge, isWanted, done);
    }

    public void Complete(long request, VersionsReadResult result)
    {
        if (_underWay.Remove(request, out Action<VersionsReadResult>? resume))
        {
            core.ReadsUnderWay = _underWay.Count;
            resume(result);
        }
    }

    /// <summary>Forgets all reads under way; their answers come too late.</summary>
    public void Clear()
    {
        _underWay.Clear();
        core.ReadsUnderWay = 0;
    }

    private Dictionary<RecordKey, RecordVersion> Capture(Timestamp at, ImmutableArray<RecordKey> records)
    {
        Dictionary<RecordKey, RecordVersion> newest = [];
        foreach (RecordKey record in records)
        {
            if (overlay.NewestAt(record, at) is { } version)
            {
                newest[record] = version;
            }
        }

        return newest;
    }

    private void AskRange(Timestamp at, RangeMerge merge, Func<bool> isWanted, Action<OperationResult.Scanned?, ReadFailure?> done) =>
        Ask(new VersionQuery.Range(at, merge.Remaining, merge.Missing), result =>
        {
            if (!TryUse(result, at, out VersionsReadResult.Succeeded? found, out ReadFailure? failure))
            {
                done(null, failure);
            }
            else if (merge.Add(found!.Versions, found.IsComplete))
            {
                done(merge.Result, null);
            }
            else if (isWanted())
            {
                // A part of a large range; or tombstones of the overlay hid what PostgreSQL counted: read on behind it.
                AskRange(at, merge, isWanted, done);
            }
        });

    private void Ask(VersionQuery query, Action<VersionsReadResult> resume)
    {
        long request = core.NextRequest();
        _underWay.Add(request, resume);
        core.ReadsUnderWay = _underWay.Count;
        core.Emit(new ShardEffect.ReadVersions(request, query));
    }

    // S2: the horizon is the one that the same statement saw. A locked read is of the present, which is never pruned.
    private bool TryUse(
        VersionsReadResult result, Timestamp at, out VersionsReadResult.Succeeded? found, out ReadFailure? failure)
    {
        found = result as VersionsReadResult.Succeeded;
        if (core.Mutation == Mutation.CheckHorizonEarlier && found is not null)
        {
            (result, _horizonBefore) = (found with { Horizon = _horizonBefore }, found.Horizon);
        }

        failure = result switch
        {
            VersionsReadResult.Failed failed => new ReadFailure(failed.Message),
            VersionsReadResult.Succeeded succeeded when at < succeeded.Horizon =>
                new ReadFailure("below the history horizon", succeeded.Horizon),
            VersionsReadResult.Succeeded => null,
            _ => throw new InvalidOperationException($"A read can't end as {result.GetType().Name}."),
        };
        return failure is null;
    }
}
