using System.Collections.Immutable;
using Transactions.Coordinator;
using Transactions.Model;
using Transactions.Participant;
using Transactions.TestKit.Storage;

namespace Transactions.Simulation;

// Invariants 1, 2, 6 and 7 in the databases: who changes what, and what a crash takes back.
internal sealed partial class Observer
{
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
                CheckHandedBack(shard, row, after.Row!);
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

    private void Persisted(ShardId shard, PersistItem item, FakeShardState before, FakeShardState after)
    {
        switch (item)
        {
            case PersistItem.Prepare prepare:
                if (after.Prepared.ContainsKey(item.Id) && !before.Prepared.ContainsKey(item.Id)
                    && _transactions.TryGetValue(item.Id, out TransactionFacts? prepared))
                {
                    prepared.Persisted[shard] = prepare.Row.Writes;
                    CheckAboveVisible(shard, item.Id, prepare.Row.PrepareTimestamp, before.Row!);
                }

                break;
            case PersistItem.OnePhase onePhase:
                if (after.Outcomes.ContainsKey(item.Id) && !before.Outcomes.ContainsKey(item.Id)
                    && _transactions.TryGetValue(item.Id, out TransactionFacts? committed))
                {
                    // X11: its row is its register; whoever asks is told so from now on.
                    committed.Persisted[shard] = onePhase.Writes;
                    CheckAboveVisible(shard, item.Id, onePhase.CommitTimestamp, before.Row!);
                    if (committed.Outcome is { IsCommitted: false })
                    {
                        world.Fail("1: write-once", $"{shard} commits {Describe.Id(item.Id)}; {committed.ToldBy} said {committed.Outcome}");
                    }

                    AddToHistory(committed, onePhase.CommitTimestamp, shard.Value);
                }

                break;
            case PersistItem.Tombstone:
                Counters.Add(Path.Tombstones);
                if (after.Outcomes.TryGetValue(item.Id, out Outcome held) && !held.IsCommitted)
                {
                    _registeredAborts.Add((shard, item.Id));
                }

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
