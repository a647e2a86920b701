using System.Collections.Immutable;
using Transactions.Clocks;
using Transactions.Coordinator;
using Transactions.Model;
using Transactions.Participant;
using Transactions.TestKit.Storage;

namespace Transactions.Simulation;

// Invariants 1, 2, 4, 5 and 6: what is told of a transaction's outcome, by whom and when.
internal sealed partial class Observer
{
    private void ToldCommitted(TransactionId id, Timestamp at, string by)
    {
        if (!_transactions.TryGetValue(id, out TransactionFacts? facts))
        {
            world.Fail("1: write-once", $"{by} says that {id} committed, which nobody began");
            return;
        }

        if (facts.Outcome is { } told)
        {
            if (told != Outcome.Committed(at))
            {
                world.Fail("1: write-once", $"{by} says that {Describe.Id(id)} committed at {at}; {facts.ToldBy} said {told}");
            }

            return;
        }

        (facts.Outcome, facts.ToldBy) = (Outcome.Committed(at), by);
        Counters.Add(Path.Committed);
        Counters.Add(Path.TimestampsOfOneMicrosecond, at.Counter > 0 ? 1 : 0);
        if (at >= Now)
        {
            world.Fail("5: commit-wait", $"{by} says that {Describe.Id(id)} committed at {at}, and it is {Now}");
        }

        if (facts.Named is null || facts.HasUnnamed)
        {
            world.Fail("X6", $"{by} says that {Describe.Id(id)} committed, and shards had enlisted that its Commit didn't name");
        }

        CheckAllKnown(facts, by);
        CheckDates(facts, by);
        CheckDurable(facts, at, by);
        AddToHistory(facts, at, by);
        if (facts.Key is { } key && !_byKey.TryAdd(key, (id, facts.Outcome.Value)) && _byKey[key].Id is var first && first != id)
        {
            // D5: a key is unique among the rows of the log, and free when its row's retention is over.
            if (first.IssuedAt > Cluster.Log.Mark || Cluster.Log.FindDurable(first) is not null)
            {
                world.Fail("D6", $"{Describe.Id(id)} and {Describe.Id(first)} both committed under {key}");
            }

            _byKey[key] = (id, facts.Outcome.Value);
        }
    }

    private void ToldAborted(TransactionId id, AbortReason reason, string by)
    {
        // D5: EXPIRED says that nobody knows any more.
        if (reason == AbortReason.Expired || !_transactions.TryGetValue(id, out TransactionFacts? facts))
        {
            return;
        }

        if (facts.Outcome is null)
        {
            (facts.Outcome, facts.ToldBy) = (Outcome.Aborted(reason), by);
            Counters.Add(Path.Aborted);
        }
        else if (facts.Outcome.Value.IsCommitted)
        {
            world.Fail("1: write-once", $"{by} says that {Describe.Id(id)} aborted ({reason}); {facts.ToldBy} said {facts.Outcome}");
        }

        if (facts.IsInHistory)
        {
            world.Fail("1: write-once", $"{by} says that {Describe.Id(id)} aborted ({reason}), and its versions are there");
        }
    }

    // Invariant 6: told only when it is durable. A transaction that wrote nothing and has no key needs no record (X12).
    private void CheckDurable(TransactionFacts facts, Timestamp at, string by)
    {
        if (facts.IsOnePhase)
        {
            ShardId shard = facts.Named!.Value[0].Owner.Shard;
            if (!Cluster.Databases[shard].State.Outcomes.TryGetValue(facts.Id, out Outcome held) || held != Outcome.Committed(at))
            {
                world.Fail("6: durable", $"{by} says that {Describe.Id(facts.Id)} committed at {at}, and {shard}'s register doesn't");
            }
        }
        else if (facts.HasWritten || facts.Key is not null)
        {
            // Not by a read of the log's own, which would make durable what it finds (D1).
            Decision? row = Cluster.Log.FindDurable(facts.Id);
            if (row?.Outcome != Outcome.Committed(at))
            {
                world.Fail("6: durable", $"{by} says that {Describe.Id(facts.Id)} committed at {at}, and what the log can't lose is {row?.Outcome}");
            }
        }
    }

    // Invariants 2, 3 and 4: all its writes appear at once, above all that was read, and all that it read still holds.
    private void AddToHistory(TransactionFacts facts, Timestamp at, string by)
    {
        if (facts.IsInHistory)
        {
            return;
        }

        facts.IsInHistory = true;
        if (at <= facts.MustExceed)
        {
            world.Fail("4: real-time order",
                $"{Describe.Id(facts.Id)} committed at {at}, and a commit at {facts.MustExceed} had been told when it began");
        }

        if (facts.OwnWriteMissed is { } missed)
        {
            world.Fail("reads see the transaction's own writes", missed);
        }

        if (facts.TotalRead is { } total)
        {
            CheckTotal(total, $"{Describe.Id(facts.Id)}");
        }

        foreach (ReadFact read in facts.Reads)
        {
            CheckRead(facts, read, at);
        }

        CheckWrites(facts, by);
        foreach (((ShardId shard, RecordKey record), Document? value) in facts.Writes)
        {
            if (_histories[shard].Add(new RecordVersion(record, at, value), facts.Id) is { } fault)
            {
                world.Fail("3: ordered", fault);
            }
        }

        // What it read was served at its timestamp: nothing may slip in below.
        foreach (ReadFact read in facts.Reads)
        {
            if (read.Kind == ReadKind.Range)
            {
                _histories[read.Shard].Serve(read.Range, at, facts.Id);
            }
            else
            {
                _histories[read.Shard].Serve(read.Record, at, facts.Id);
            }
        }
    }

    // What the shards made durable is what the client wrote and counted, neither more nor less.
    private void CheckWrites(TransactionFacts facts, string by)
    {
        int persisted = 0;
        foreach ((ShardId shard, ImmutableArray<RecordWrite> writes) in facts.Persisted)
        {
            if (!facts.Names(shard))
            {
                continue;
            }

            persisted += writes.Length;
            foreach (RecordWrite write in writes)
            {
                if (!facts.Writes.TryGetValue((shard, write.Record), out Document? value) || value != write.Value)
                {
                    world.Fail("2: atomic",
                        $"{by}: {Describe.Id(facts.Id)} commits {write.Record} = {write.Value} at {shard}, which its client didn't write");
                }
            }
        }

        if (persisted != facts.Writes.Count)
        {
            world.Fail("2: atomic",
                $"{by}: {Describe.Id(facts.Id)} wrote {facts.Writes.Count} records, and {persisted} were durable when it was decided");
        }
    }

    private void CheckRead(TransactionFacts facts, ReadFact read, Timestamp at)
    {
        ShardHistory history = _histories[read.Shard];
        if (read.Kind == ReadKind.Range)
        {
            List<RecordVersion> live = history.LiveAt(read.Range, at);
            live.RemoveAll(v => read.Own.Contains(v.Record.Key));
            if (!IsSame(live, read.Entries))
            {
                world.Fail("4: serializable",
                    $"{Describe.Id(facts.Id)} read {read.Entries.Length} records of {read.Range} at {read.Shard}, and at its "
                    + $"timestamp {at} there are {live.Count}, or others");
            }

            return;
        }

        RecordVersion? newest = history.NewestAt(read.Record, at);
        bool isSame = read.Kind switch
        {
            ReadKind.Absent => newest?.Value is null,
            ReadKind.Present => newest?.Value is not null,
            ReadKind.Value => IsSame(newest, read.Entry),
            ReadKind.Range => throw new InvalidOperationException("A range is no key."),
        };
        if (!isSame)
        {
            world.Fail("4: serializable",
                $"{Describe.Id(facts.Id)} read {read.Kind} {read.Entry} of {read.Record} at {read.Shard}, and at its timestamp {at} "
                + $"that is {newest}");
        }
    }

    private static bool IsSame(RecordVersion? version, Entry? entry) =>
        entry is { } read
            ? version is { } there && there.CommitTimestamp == read.CommitTimestamp && there.Value == read.Value
            : version?.Value is null;

    private static bool IsSame(List<RecordVersion> versions, ImmutableArray<Entry> entries)
    {
        if (versions.Count != entries.Length)
        {
            return false;
        }

        for (int i = 0; i < entries.Length; i++)
        {
            if (versions[i].Record.Key != entries[i].Key || !IsSame(versions[i], entries[i]))
            {
                return false;
            }
        }

        return true;
    }
}
