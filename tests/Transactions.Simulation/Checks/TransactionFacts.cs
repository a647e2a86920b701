using System.Collections.Immutable;
using Transactions.Clocks;
using Transactions.Model;
using Transactions.Participant;

namespace Transactions.Simulation;

/// <summary>All that the observer knows of one transaction: what its client did and was told, and what others say of it.</summary>
internal sealed class TransactionFacts(TransactionContext context, Timestamp mustExceed)
{
    public TransactionContext Context { get; } = context;

    public TransactionId Id => Context.Id;

    /// <summary>The greatest commit timestamp that any client had been told when this one began (real-time order).</summary>
    public Timestamp MustExceed { get; } = mustExceed;

    /// <summary>What its client wrote, and counts.</summary>
    public SortedDictionary<(ShardId Shard, RecordKey Record), Document?> Writes { get; } = [];

    /// <summary>What its client read, but for its own writes.</summary>
    public List<ReadFact> Reads { get; } = [];

    /// <summary>What its client's Commit named; null until then.</summary>
    public ImmutableArray<CommitShard>? Named { get; private set; }

    public IdempotencyKey? Key { get; private set; }

    /// <summary>Whether no reply came to one of its operations, however often that was sent.</summary>
    public bool HasLostACall { get; set; }

    /// <summary>Whether a copy of one of its operations, or an earlier try, may still come, and be admitted when nobody waits for it.</summary>
    public bool HasDoubledACall { get; set; }

    /// <summary>Whether operations were sent that aren't counted.</summary>
    public bool IsCareless { get; set; }

    public bool WasCommitDoubled { get; set; }

    /// <summary>The sum of all accounts as it read them, if it did.</summary>
    public long? TotalRead { get; set; }

    /// <summary>A read that didn't see its own write, as after a change of owner: then it must not commit. Null if there is none.</summary>
    public string? OwnWriteMissed { get; private set; }

    /// <summary>Its writes as shards have made them durable.</summary>
    public SortedDictionary<ShardId, ImmutableArray<RecordWrite>> Persisted { get; } = [];

    /// <summary>The outcome that was told somewhere; null until one was.</summary>
    public Outcome? Outcome { get; set; }

    /// <summary>Who told it first.</summary>
    public string ToldBy { get; set; } = "";

    /// <summary>Whether its versions are in the observer's history.</summary>
    public bool IsInHistory { get; set; }

    /// <summary>X6: who had enlisted at its home when the first Commit came.</summary>
    public List<ShardGeneration> Enlisted { get; } = [];

    public bool IsSealed { get; set; }

    /// <summary>X6: whether somebody had enlisted whom its Commit doesn't name.</summary>
    public bool HasUnnamed { get; set; }

    public bool HasWritten => Writes.Count > 0;

    /// <summary>X11: whether the only shard keeps its outcome.</summary>
    public bool IsOnePhase => Key is null && Named is [{ Wrote: true }];

    public bool Names(ShardId shard)
    {
        foreach (CommitShard named in Named ?? [])
        {
            if (named.Owner.Shard == shard)
            {
                return true;
            }
        }

        return false;
    }

    public bool Names(ShardGeneration owner)
    {
        foreach (CommitShard named in Named ?? [])
        {
            if (named.Owner == owner)
            {
                return true;
            }
        }

        return false;
    }

    public void Commits(ImmutableArray<CommitShard> named, IdempotencyKey? key) => (Named, Key) = (named, key);

    /// <summary>Its client got an operation's reply.</summary>
    public void Done(ShardGeneration owner, Operation operation, OperationResult result, bool wrote, World world)
    {
        switch (operation, result)
        {
            case (Operation.Get get, OperationResult.Found found):
                for (int i = 0; i < get.Keys.Length; i++)
                {
                    NoteRead(owner.Shard, new RecordKey(get.Collection, get.Keys[i]), found.Entries[i]);
                }

                break;
            case (Operation.Scan scan, OperationResult.Scanned scanned):
                world.Counters.Add(Path.Scans);
                NoteScan(owner.Shard, scan.Range, scanned);
                break;
            case (Operation.InsertIfAbsent insert, OperationResult.Inserted inserted):
                if (!Writes.ContainsKey((owner.Shard, insert.Record)))
                {
                    // Absent: no version, or a tombstone. Present: the value isn't told.
                    Reads.Add(new ReadFact(owner.Shard, insert.Record, null, inserted.WasAbsent ? ReadKind.Absent : ReadKind.Present));
                }

                if (wrote)
                {
                    Writes[(owner.Shard, insert.Record)] = insert.Value;
                }

                break;
            case (Operation.Put put, _):
                Writes[(owner.Shard, put.Record)] = put.Value;
                break;
            case (Operation.Delete delete, _):
                Writes[(owner.Shard, delete.Record)] = null;
                break;
            default:
                world.Fail("X2", $"{Describe.Id(Id)} asked {operation} and was answered {result}");
                break;
        }
    }

    private void NoteRead(ShardId shard, RecordKey record, Entry? entry)
    {
        if (!Writes.TryGetValue((shard, record), out Document? own))
        {
            Reads.Add(new ReadFact(shard, record, entry, entry is null ? ReadKind.Absent : ReadKind.Value));
        }
        else if (own is null ? entry is not null : entry?.Value != own)
        {
            OwnWriteMissed ??= $"{Describe.Id(Id)} read {entry?.Value} of {record}, and wrote {own}";
        }
    }

    private void NoteScan(ShardId shard, KeyRange range, OperationResult.Scanned scanned)
    {
        KeyRange covered = scanned.Continuation is { } end ? range with { To = end } : range;
        HashSet<string> own = [];
        foreach (((ShardId at, RecordKey record), Document? value) in Writes)
        {
            if (at == shard && covered.Contains(record))
            {
                own.Add(record.Key);
                bool isShown = scanned.Entries.Any(e => e.Key == record.Key && e.Value == value);
                if (isShown != (value is not null))
                {
                    OwnWriteMissed ??= $"{Describe.Id(Id)} scanned {range} and wrote {record}";
                }
            }
        }

        Reads.Add(new ReadFact(shard, default, null, ReadKind.Range)
        {
            Range = covered,
            Entries = [.. scanned.Entries.Where(e => !own.Contains(e.Key))],
            Own = own,
        });
    }
}
