using System.Collections.Immutable;
using Transactions.Clocks;
using Transactions.Model;
using Transactions.Participant;
using Transactions.TestKit.Storage;

namespace Transactions.Simulation;

// Invariants 3, 4, 5 and 6 where the data is: what shards answer and send.
internal sealed partial class Observer
{
    public void ShardHandles(SimShard shard, ShardEvent e, ClockReading clock)
    {
        switch (e)
        {
            case ShardEvent.FrameReceived { Frame: CoordinatorFrame.Ended { Outcome: { IsCommitted: true } outcome } }
                when outcome.CommitTimestamp > clock.Now:
                Counters.Add(Path.TimestampsAhead);
                break;
            case ShardEvent.FrameReceived { Frame: CoordinatorFrame.Ended { Outcome.IsCommitted: false } aborted }:
                HasWord(shard, aborted.Id);
                break;
            case ShardEvent.SnapshotReadReceived read when IsAmongPrepared(shard.Id, read):
                Counters.Add(Path.ReadsAmongPrepared);
                break;
            case ShardEvent.Reconciled { Result: not null }:
                Counters.Add(Path.Reconciled);
                break;
            case ShardEvent.Renewed { Result: WriteResult.Committed }:
                Counters.Add(Path.Renewals);
                break;
            case ShardEvent.Pruned { Result: WriteResult.Committed }:
                Counters.Add(Path.Pruned);
                break;
            default:
                break;
        }
    }

    public void ShardAnswers(SimShard shard, ShardCall call, ShardAnswer answer)
    {
        switch (answer)
        {
            case ShardAnswer.Admitted admitted:
                CheckAdmitted(shard, call, admitted);
                break;
            case ShardAnswer.Read read:
                CheckWithinLease(shard, read.ReadTimestamp);
                CheckAboveHorizon(shard, read.ReadTimestamp);
                CheckSnapshot(shard, call.Query!, read);
                break;
            case ShardAnswer.Refused { Refusal.Reason: RefusalReason.TransactionEnded }:
                Counters.Add(Path.RefusedEnded);
                break;
            case ShardAnswer.Refused { Refusal.Reason: RefusalReason.DeadlinePassed }:
                Counters.Add(Path.RefusedEnded);
                EndedAt(shard, call.Transaction!.Value);
                break;
            case ShardAnswer.Refused { Refusal.Reason: RefusalReason.ClockUnhealthy }:
                Counters.Add(Path.RefusedByUnhealthyClocks);
                break;
            default:
                break;
        }
    }

    public void ShardSends(SimShard shard, ShardFrame frame)
    {
        switch (frame)
        {
            case ShardFrame.OnePhaseEnded { Outcome: { IsCommitted: true } outcome }:
                ToldCommitted(frame.Id, outcome.CommitTimestamp, $"{shard.Name}'s answer to CommitOnePhase");
                break;
            case ShardFrame.OnePhaseEnded ended:
                CheckMayRefuse(shard, ended);
                CheckCount(shard, ended, ended.Outcome.Reason);
                EndedAt(shard, ended.Id);
                // X11: only the owner of the named generation, or of a later one, may say NO.
                if (_transactions.TryGetValue(frame.Id, out TransactionFacts? facts)
                    && facts.IsOnePhase
                    && facts.Named!.Value[0].Owner.Generation <= frame.Owner.Generation)
                {
                    ToldAborted(frame.Id, ended.Outcome.Reason, $"{shard.Name}'s answer to CommitOnePhase");
                }

                break;
            case ShardFrame.Resolved { Resolution: { Kind: ShardResolutionKind.Committed } resolution }:
                ToldCommitted(frame.Id, resolution.CommitTimestamp, $"{shard.Name}'s answer to Resolve");
                break;
            case ShardFrame.Resolved { Resolution.Kind: ShardResolutionKind.NotCommitted }:
                CheckStaysUncommitted(shard, frame.Id);
                break;
            case ShardFrame.Enlist enlist:
                CheckAdmits(shard, enlist.Owner);
                break;
            case ShardFrame.Applied:
                Counters.Add(Path.AppliesTold);
                CheckApplied(shard, frame.Id);
                break;
            case ShardFrame.Voted { Vote.IsYes: true } voted:
                CheckVote(shard, voted);
                CheckVoteIsTheFirst(shard, voted);
                Voted(shard, voted);
                break;
            case ShardFrame.Voted voted:
                CheckCount(shard, voted, voted.Vote.Reason);
                EndedAt(shard, voted.Id);
                break;
            default:
                break;
        }
    }

    public void ShardSays(SimShard shard, ShardNotice notice)
    {
        switch (notice)
        {
            case ShardNotice.Ended ended:
                EndedAt(shard, ended.Id);
                VoteEnded(shard, ended);
                if (ended.Outcome.IsCommitted)
                {
                    CheckWasVotedFor(shard, ended.Id);
                }

                if (ended.Outcome is { IsCommitted: false, Reason: AbortReason.CoordinatorLost })
                {
                    Counters.Add(Path.CoordinatorsLost);
                }

                if (!ended.Outcome.IsCommitted && _transactions.TryGetValue(ended.Id, out TransactionFacts? facts))
                {
                    CheckCalm(facts, ended.Outcome.Reason, shard.Name);
                }

                break;
            case ShardNotice.Wounded:
                Counters.Add(Path.Wounded);
                break;
            case ShardNotice.Serving serving:
                _served.Add(serving.Owner);
                VotesLoaded(shard);
                Counters.Add(Path.Takeovers);
                Counters.Add(Path.Successions, serving.Owner.Generation > default(Generation).Next() ? 1 : 0);
                Counters.Add(Path.RecoveredPrepared, serving.Prepared);
                break;
            default:
                break;
        }
    }

    // X2: a repeat gets the first reply. X5: what has ended here takes no operation.
    private void CheckAdmitted(SimShard shard, ShardCall call, ShardAnswer.Admitted answer)
    {
        TransactionId id = call.Transaction!.Value;
        var key = (answer.Owner, id, call.Number);
        bool isRepeat = !_admitted.TryAdd(key, answer);
        Counters.Add(Path.RepeatsAnswered, isRepeat ? 1 : 0);
        if (isRepeat && !ReferenceEquals(_admitted[key], answer))
        {
            world.Fail("X2", $"{shard.Name} did operation {call.Number} of {Describe.Id(id)} again, and answered {answer}");
        }

        CheckIsNoZombie(shard, id);
        if (_transactions.TryGetValue(id, out TransactionFacts? facts))
        {
            CheckDates(facts, shard.Name);
        }

        if (answer.Result is OperationResult.Found found)
        {
            foreach (Entry? entry in found.Entries)
            {
                CheckShown(shard, entry);
            }
        }
        else if (answer.Result is OperationResult.Scanned scanned)
        {
            foreach (Entry entry in scanned.Entries)
            {
                CheckShown(shard, entry);
            }
        }
    }

    // L1: nothing is served above the lease that PostgreSQL has acknowledged, whoever may own the shard by now.
    private void CheckWithinLease(SimShard shard, Timestamp at)
    {
        Counters.Add(Path.ReadsWithinLease);
        if (Cluster.Databases[shard.Id].State.Row is { } row && at > row.LeaseUntil && row.Owner == shard.Process.Name)
        {
            world.Fail("L1", $"{shard.Name} serves a read at {at}, and its lease lasts until {row.LeaseUntil}");
        }
    }

    // S2: whether something prepared may have to be waited for.
    private bool IsAmongPrepared(ShardId shard, ShardEvent.SnapshotReadReceived read)
    {
        foreach (PreparedRow prepared in Cluster.Databases[shard].State.Prepared.Values)
        {
            if (read.ReadTimestamp is null || prepared.PrepareTimestamp <= read.ReadTimestamp)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Somebody read all that a shard's tables have of a collection, up to what is visible (S4).</summary>
    public void SqlRead(ShardId shard, KeyRange range, Timestamp visibleUpto, ImmutableArray<Entry> entries)
    {
        ShardHistory history = _histories[shard];
        List<RecordVersion> live = history.LiveAt(range, visibleUpto);
        if (!IsSame(live, entries))
        {
            world.Fail("S4",
                $"the tables of {shard} have {entries.Length} records of {range} up to {visibleUpto}, and {live.Count} were committed: "
                + $"{string.Join(", ", entries)}; {string.Join(", ", live)}");
        }

        if (visibleUpto >= Now)
        {
            world.Fail("S4", $"{shard} says that {visibleUpto} is visible, and it is {Now}");
        }

        history.Serve(range, visibleUpto, to: null);
    }

    // Invariant 5: no version is readable before its timestamp has passed.
    private void CheckShown(SimShard shard, Entry? entry)
    {
        if (entry is { } shown && shown.CommitTimestamp >= Now)
        {
            world.Fail("5: commit-wait", $"{shard.Name} shows {shown.Key} of {shown.CommitTimestamp}, and it is {Now}");
        }
    }

    // Invariants 3 and 4: a snapshot is exactly what was committed at or below its timestamp, now and for ever.
    private void CheckSnapshot(SimShard shard, SnapshotQuery query, ShardAnswer.Read answer)
    {
        ShardHistory history = _histories[shard.Id];
        Timestamp at = answer.ReadTimestamp;
        switch (query, answer.Result)
        {
            case (SnapshotQuery.Get get, OperationResult.Found found):
                for (int i = 0; i < get.Keys.Length; i++)
                {
                    RecordKey record = new(get.Collection, get.Keys[i]);
                    CheckShown(shard, found.Entries[i]);
                    if (!IsSame(history.NewestAt(record, at), found.Entries[i]))
                    {
                        world.Fail("4: snapshot reads",
                            $"{shard.Name} read {found.Entries[i]} of {record} at {at}, and that is {history.NewestAt(record, at)}");
                    }

                    history.Serve(record, at, to: null);
                }

                break;
            case (SnapshotQuery.Scan scan, OperationResult.Scanned scanned):
                KeyRange covered = scanned.Continuation is { } end ? scan.Range with { To = end } : scan.Range;
                List<RecordVersion> live = history.LiveAt(covered, at);
                foreach (Entry entry in scanned.Entries)
                {
                    CheckShown(shard, entry);
                }

                if (!IsSame(live, scanned.Entries))
                {
                    world.Fail("4: snapshot reads",
                        $"{shard.Name} read {scanned.Entries.Length} records of {covered} at {at}: {string.Join(", ", scanned.Entries)}; "
                        + $"there are {live.Count}: {string.Join(", ", live)}");
                }

                history.Serve(covered, at, to: null);
                break;
            default:
                world.Fail("S2", $"{shard.Name} answered {query} with {answer.Result}");
                break;
        }
    }

    // X10: Applied says that the versions are durable.
    private void CheckApplied(SimShard shard, TransactionId id)
    {
        if (!_transactions.TryGetValue(id, out TransactionFacts? facts) || facts.Outcome is not { IsCommitted: true } outcome)
        {
            world.Fail("X10", $"{shard.Name} says that it has applied {Describe.Id(id)}, which nobody committed");
            return;
        }

        FakeShardState state = Cluster.Databases[shard.Id].State;
        Timestamp horizon = state.Row?.HistoryHorizon ?? default;
        foreach ((ShardId at, RecordKey record) in facts.Writes.Keys)
        {
            if (at == shard.Id
                && outcome.CommitTimestamp > horizon
                && state.NewestAt(record, outcome.CommitTimestamp)?.CommitTimestamp != outcome.CommitTimestamp)
            {
                world.Fail("6: durable", $"{shard.Name} says that it has applied {Describe.Id(id)}, and {record} isn't there");
            }
        }
    }

    // X7: a writer's vote is durable before it is given, and lies within the lease.
    private void CheckVote(SimShard shard, ShardFrame.Voted voted)
    {
        if (!_transactions.TryGetValue(voted.Id, out TransactionFacts? facts))
        {
            return;
        }

        if (facts.Persisted.ContainsKey(shard.Id))
        {
            Counters.Add(Path.VotesPersisted);
        }

        if (voted.Vote.PrepareTimestamp > voted.Vote.ValidUntil)
        {
            world.Fail("X7", $"{shard.Name} votes {voted.Vote} for {Describe.Id(voted.Id)}");
        }
    }
}
