using System.Collections.Immutable;
using Transactions.Clocks;
using Transactions.Coordinator;
using Transactions.Model;
using Transactions.Participant;
using Transactions.TestKit.Storage;

namespace Transactions.Simulation;

// Invariants 2, 3, 5, 6 and 7 where the data is: what shards answer, send and store.
internal sealed partial class Observer
{
    public void ShardHandles(SimShard shard, ShardEvent e)
    {
        switch (e)
        {
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
                CheckSnapshot(shard, call.Query!, read);
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
            case ShardFrame.Applied:
                CheckApplied(shard, frame.Id);
                break;
            case ShardFrame.Voted { Vote.IsYes: true } voted:
                CheckVote(shard, voted);
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
                _endedAt.Add((shard.Name, shard.Life, ended.Id));
                if (ended.Outcome is { IsCommitted: false, Reason: AbortReason.CoordinatorLost })
                {
                    Counters.Add(Path.ReadersLetGo);
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
                Counters.Add(Path.Takeovers);
                Counters.Add(Path.RecoveredPrepared, serving.Prepared);
                break;
            default:
                break;
        }
    }

    /// <summary>A write of an owner has changed a shard's database.</summary>
    public void ShardChanged(ShardId shard, Generation by, FakeShardState before, FakeShardState after, ShardEffect effect)
    {
        if (before.Row is not { } row || row.Generation != by)
        {
            world.Fail("7: fenced", $"generation {by} changed {shard}, which belongs to {before.Row?.Generation}");
            return;
        }

        switch (effect)
        {
            case ShardEffect.TakeOver when row.LeaseUntil >= Now:
                world.Fail("L3", $"{shard} was taken over at {Now}, and its lease lasts until {row.LeaseUntil}");
                break;
            case ShardEffect.HandBack:
                Counters.Add(Path.HandBacks);
                break;
            case ShardEffect.Persist persist:
                foreach (PersistItem item in persist.Items)
                {
                    Persisted(shard, item, before, after);
                }

                break;
            case ShardEffect.Apply apply:
                foreach (ApplyItem item in apply.Items)
                {
                    if (before.Prepared.ContainsKey(item.Id) && !after.Prepared.ContainsKey(item.Id))
                    {
                        Applied(shard, item);
                    }
                }

                break;
            default:
                break;
        }
    }

    /// <summary>A shard's server crashed, and what it hadn't acknowledged is gone.</summary>
    public void ShardCrashed(ShardId shard, FakeShardState before, FakeShardState after)
    {
        foreach ((TransactionId id, Outcome outcome) in before.Outcomes)
        {
            if (outcome.IsCommitted && !after.Outcomes.ContainsKey(id) && _transactions.TryGetValue(id, out TransactionFacts? facts))
            {
                if (facts.Outcome is { IsCommitted: true })
                {
                    world.Fail("6: nothing acknowledged is lost", $"{shard} lost {Describe.Id(id)}, of which {facts.ToldBy} had told");
                }

                facts.IsInHistory = false;
                facts.Persisted.Remove(shard);
                foreach ((ShardId at, RecordKey record) in facts.Writes.Keys)
                {
                    _histories[at].Remove(record, id);
                }
            }
        }

        foreach (TransactionId id in before.Prepared.Keys)
        {
            if (!after.Prepared.ContainsKey(id) && _transactions.TryGetValue(id, out TransactionFacts? facts))
            {
                facts.Persisted.Remove(shard);
            }
        }
    }

    /// <summary>The decision log's server crashed.</summary>
    public void LogCrashed(ImmutableArray<Decision> before, ImmutableArray<Decision> after)
    {
        foreach (Decision row in before)
        {
            if (row.Outcome.IsCommitted
                && _transactions.GetValueOrDefault(row.Id)?.Outcome is { IsCommitted: true }
                && !after.Any(d => d.Id == row.Id))
            {
                world.Fail("6: nothing acknowledged is lost", $"the log lost {Describe.Id(row.Id)}, which was told");
            }
        }
    }

    // X2: a repeat gets the first reply. X5: what has ended here takes no operation.
    private void CheckAdmitted(SimShard shard, ShardCall call, ShardAnswer.Admitted answer)
    {
        TransactionId id = call.Transaction!.Value;
        var key = (answer.Owner, id, call.Number);
        if (!_admitted.TryAdd(key, answer) && !ReferenceEquals(_admitted[key], answer))
        {
            world.Fail("X2", $"{shard.Name} did operation {call.Number} of {Describe.Id(id)} again, and answered {answer}");
        }

        if (_endedAt.Contains((shard.Name, shard.Life, id)))
        {
            world.Fail("X5", $"{shard.Name} admitted an operation of {Describe.Id(id)}, which had ended there");
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

        if (voted.Vote.PrepareTimestamp > voted.Vote.ValidUntil)
        {
            world.Fail("X7", $"{shard.Name} votes {voted.Vote} for {Describe.Id(voted.Id)}");
        }
    }

    private void Persisted(ShardId shard, PersistItem item, FakeShardState before, FakeShardState after)
    {
        switch (item)
        {
            case PersistItem.Prepare prepare:
                if (after.Prepared.ContainsKey(item.Id) && !before.Prepared.ContainsKey(item.Id)
                    && _transactions.TryGetValue(item.Id, out TransactionFacts? prepared))
                {
                    prepared.Persisted[shard] = prepare.Row.Writes;
                }

                break;
            case PersistItem.OnePhase onePhase:
                if (after.Outcomes.ContainsKey(item.Id) && !before.Outcomes.ContainsKey(item.Id)
                    && _transactions.TryGetValue(item.Id, out TransactionFacts? committed))
                {
                    // X11: its row is its register; whoever asks is told so from now on.
                    committed.Persisted[shard] = onePhase.Writes;
                    if (committed.Outcome is { IsCommitted: false })
                    {
                        world.Fail("1: write-once", $"{shard} commits {Describe.Id(item.Id)}; {committed.ToldBy} said {committed.Outcome}");
                    }

                    AddToHistory(committed, onePhase.CommitTimestamp, shard.Value);
                }

                break;
            case PersistItem.Tombstone:
                Counters.Add(Path.Tombstones);
                break;
            default:
                throw new InvalidOperationException($"No such item: {item.GetType().Name}.");
        }
    }

    private void Applied(ShardId shard, ApplyItem item)
    {
        if (!_transactions.TryGetValue(item.Id, out TransactionFacts? facts))
        {
            return;
        }

        if (item.CommitTimestamp is { } at)
        {
            if (facts.Outcome != Outcome.Committed(at))
            {
                world.Fail("1: write-once", $"{shard} applies {Describe.Id(item.Id)} at {at}, and its outcome is {facts.Outcome}");
            }
        }
        else if (facts.Outcome is { IsCommitted: true } && facts.Names(shard))
        {
            world.Fail("2: atomic", $"{shard} drops the intents of {Describe.Id(item.Id)}, which {facts.ToldBy} said is {facts.Outcome}");
        }
    }
}
