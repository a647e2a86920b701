using System.Collections.Immutable;
using Transactions.Clocks;
using Transactions.Model;

namespace Transactions.Participant;

/// <summary>Serves snapshot reads (S1, S2): no locks; each waits for time, for the lease, and for prepared transactions.</summary>
internal sealed class SnapshotReader(
    ShardCore core, ShardLease lease, PreparedWriters prepared, VersionReader versions, FieldChecks checks)
{
    private readonly Dictionary<CallId, SnapshotRead> _waiting = [];
    private readonly List<SnapshotRead> _waitingForTime = [];

    public void Receive(ShardEvent.SnapshotReadReceived e)
    {
        core.ExpectAnswer(e.Call);
        if (lease.RefusalUnlessServing() is { } notServing)
        {
            core.Refuse(e.Call, notServing);
        }
        else if (checks.Check(e.Query) is { } invalid)
        {
            core.Refuse(e.Call, invalid);
        }
        else if (core.FindWaitingRefusal() is { } tooMany)
        {
            core.Refuse(e.Call, tooMany);
        }
        else if (!core.Clock.IsHealthy)
        {
            core.Refuse(e.Call, Refusal.Unavailable(RefusalReason.ClockUnhealthy, core.Clock.Health.Message));
        }
        else
        {
            // S1, T4: a strong read of this one shard reads at the latest that the present can be.
            Timestamp at = e.ReadTimestamp ?? core.Clock.Latest;
            if (CheckTimestamp(at) is { } refusal)
            {
                core.Refuse(e.Call, refusal);
            }
            else
            {
                GoOn(new SnapshotRead(e.Call, at, e.Query));
            }
        }
    }

    /// <summary>Lets go of a read whose client went away: it may wait as long as a transaction is in doubt.</summary>
    public void Cancel(CallId call)
    {
        if (_waiting.Remove(call, out SnapshotRead? read))
        {
            _waitingForTime.Remove(read);
            read.WaitsFor?.WaitingReads.Remove(read);
        }
    }

    /// <summary>Looks again at the reads that wait for the clock or the lease.</summary>
    public void TimePassed()
    {
        if (_waitingForTime.Count == 0 || !core.Clock.IsHealthy)
        {
            return;
        }

        List<SnapshotRead> waiting = [.. _waitingForTime];
        _waitingForTime.Clear();
        waiting.ForEach(GoOn);
    }

    /// <summary>Lets go on those that waited for a transaction that has ended.</summary>
    public void Resume(ShardTransaction ended)
    {
        List<SnapshotRead> waiting = [.. ended.WaitingReads];
        ended.WaitingReads.Clear();
        waiting.ForEach(GoOn);
    }

    /// <summary>Refuses all that wait: this process serves the shard no more.</summary>
    public void RefuseAll(Refusal refusal)
    {
        foreach (SnapshotRead read in _waiting.Values)
        {
            core.Refuse(read.Call, refusal);
            read.WaitsFor?.WaitingReads.Remove(read);
        }

        _waiting.Clear();
        _waitingForTime.Clear();
    }

    private Refusal? CheckTimestamp(Timestamp at)
    {
        if (at.IsNegative)
        {
            return Refusal.Invalid("at", $"at is {at.Value}, before the Unix epoch; give a timestamp above zero.");
        }

        return core.MayAdopt(at)
            ? null
            : new Refusal(
                RefusalStatus.InvalidArgument,
                RefusalReason.TimestampInFuture,
                $"at is {at}, more than {core.Limits.MaxOffset} beyond the present ({core.Clock.Latest}); "
                + "read at a timestamp that a coordinator gave, or check the clocks.")
            {
                Field = "at",
            };
    }

    private void GoOn(SnapshotRead read)
    {
        _waiting[read.Call] = read;
        read.WaitsFor = null;

        // S2, L1: not before its time, and not beyond the lease.
        if (!core.Clock.IsHealthy || read.At > core.Clock.Latest || read.At > lease.Until)
        {
            WaitForTime(read);
            return;
        }

        if (core.Mutation != Mutation.ForgetServedReads)
        {
            core.Sequence.Observe(read.At);
        }

        if (core.Mutation != Mutation.ReadPastPrepared && prepared.FindBlocking(read) is { } blocking)
        {
            blocking.WaitingReads.Add(read);
            read.WaitsFor = blocking;
            return;
        }

        _waiting.Remove(read.Call);
        Read(read);
    }

    private void WaitForTime(SnapshotRead read)
    {
        _waitingForTime.Add(read);
        if (core.Clock.IsHealthy && read.At > core.Clock.Latest)
        {
            // The earliest passes this about when the latest reaches the read's timestamp.
            core.Emit(new ShardEffect.WakeWhenPast(read.At.Minus(core.Clock.Interval.Width)));
        }
        else if (core.Clock.IsHealthy)
        {
            lease.RenewSoon();
        }
    }

    private void Read(SnapshotRead read)
    {
        switch (read.Query)
        {
            case SnapshotQuery.Get get:
                ImmutableArray<RecordKey> records = [.. get.Keys.Select(key => new RecordKey(get.Collection, key))];
                versions.ReadRecords(read.At, records, (found, failure) =>
                    Finish(read, failure, () => new OperationResult.Found([.. records.Select(record => ToEntry(found, record))])));
                break;

            case SnapshotQuery.Scan scan:
                versions.ReadRange(
                    read.At,
                    scan.Range,
                    scan.Limit,
                    reader: null,
                    () => core.IsWaiting(read.Call),
                    (scanned, failure) => Finish(read, failure, () => scanned!));
                break;

            default:
                throw new InvalidOperationException($"No such query: {read.Query.GetType().Name}.");
        }
    }

    private void Finish(SnapshotRead read, ReadFailure? failure, Func<OperationResult> result)
    {
        if (failure is null)
        {
            OperationResult found = result();
            core.Answer(read.Call, ReplySize.FindRefusal(found, core.Options) is { } tooLarge
                ? new ShardAnswer.Refused(tooLarge)
                : new ShardAnswer.Read(read.At, found));
        }
        else if (failure.Horizon is { } horizon)
        {
            core.Refuse(read.Call, new Refusal(
                RefusalStatus.FailedPrecondition,
                RefusalReason.BelowHorizon,
                $"at is {read.At}, below the history horizon {horizon}: versions of then may be gone. "
                + "Read at a later timestamp, or keep history longer (HistoryRetention).")
            {
                Field = "at",
            });
        }
        else
        {
            core.Refuse(read.Call, Refusal.Unavailable(
                RefusalReason.StorageUnavailable, $"Shard {core.Id} can't read from PostgreSQL ({failure.Message}); try again shortly."));
        }
    }

    internal static Entry? ToEntry(Dictionary<RecordKey, RecordVersion> found, RecordKey record) =>
        found.TryGetValue(record, out RecordVersion version) && version.Value is { } value
            ? new Entry(record.Key, value, version.CommitTimestamp)
            : null;
}
