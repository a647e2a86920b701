using System.Collections.Immutable;
using Transactions.Clocks;
using Transactions.Model;

namespace Transactions.Participant;

/// <summary>What a shard knows of one transaction.</summary>
internal sealed class ShardTransaction(TransactionContext context, Generation generation)
{
    private readonly SortedDictionary<RecordKey, Document?> _writes = [];

    public TransactionContext Context { get; } = context;

    public TransactionId Id => Context.Id;

    public Precedence Precedence { get; } = context.Precedence;

    /// <summary>The owner that admitted its operations, or voted.</summary>
    public Generation Generation { get; } = generation;

    public TransactionStatus Status { get; set; } = TransactionStatus.Active;

    /// <summary>X4: prepared holders are never wounded.</summary>
    public bool CanBeWounded => Status == TransactionStatus.Active;

    /// <summary>What it holds and waits for.</summary>
    public List<LockRequest> Locks { get; } = [];

    /// <summary>Every admitted operation, answered or under way (X2).</summary>
    public Dictionary<OperationNumber, PendingOperation> Operations { get; } = [];

    /// <summary>How many operations were admitted. At takeover, what the prepared row says.</summary>
    public int AdmittedOperations { get; set; }

    /// <summary>How many admitted operations have no answer yet.</summary>
    public int OperationsUnderWay { get; set; }

    /// <summary>How many of those may write.</summary>
    public int WritesUnderWay { get; set; }

    /// <summary>Bytes of the values in its operations and stored replies, against the limit.</summary>
    public long HeldBytes { get; set; }

    /// <summary>Whether anything was written here.</summary>
    public bool HasWritten => _writes.Count > 0;

    public int WriteCount => _writes.Count;

    /// <summary>How many bytes of keys and values it writes.</summary>
    public long WriteBytes { get; private set; }

    /// <summary>How often a batch that was to apply its outcome was rolled back.</summary>
    public int FailedApplies { get; set; }

    /// <summary>The greatest commit timestamp of the versions it read; the prepare timestamp must lie above (X7).</summary>
    public Timestamp GreatestVersionRead { get; set; }

    /// <summary>X7: the vote's least timestamp; X11: the commit timestamp.</summary>
    public Timestamp PrepareTimestamp { get; set; }

    public Timestamp ValidUntil { get; set; }

    public Vote Vote => Vote.Yes(PrepareTimestamp, ValidUntil);

    /// <summary>How it ended; known once it is applying, dropping or ended.</summary>
    public Outcome? Outcome { get; set; }

    /// <summary>An abort that came while its vote was being persisted (X10): it waits for that to end.</summary>
    public AbortReason? AbortWhenPersisted { get; set; }

    /// <summary>Whoever asked for its vote, its one-phase commit or its outcome's application, and is still to be told.</summary>
    public List<CoordinatorId> Askers { get; } = [];

    /// <summary>Whoever asked how it ended while that was being persisted (D4).</summary>
    public List<CoordinatorId> Resolvers { get; } = [];

    /// <summary>Snapshot reads that wait for its end (S2).</summary>
    public List<SnapshotRead> WaitingReads { get; } = [];

    /// <summary>When to ask for the outcome next, in monotonic microseconds (D3).</summary>
    public long AskAt { get; set; }

    /// <summary>How often its home coordinator was asked without an answer (D3).</summary>
    public int UnansweredAsks { get; set; }

    public bool TryGetWrite(RecordKey record, out Document? value) => _writes.TryGetValue(record, out value);

    public void Write(RecordKey record, Document? value)
    {
        WriteBytes += _writes.TryGetValue(record, out Document? replaced) ? -(replaced?.Length ?? 0) : record.Bytes;
        WriteBytes += value?.Length ?? 0;
        _writes[record] = value;
    }

    /// <summary>Its writes in key order.</summary>
    public ImmutableArray<RecordWrite> Writes() => [.. _writes.Select(write => new RecordWrite(write.Key, write.Value))];

    /// <summary>Its writes in a range, in key order.</summary>
    public IEnumerable<RecordWrite> WritesIn(KeyRange range)
    {
        foreach ((RecordKey record, Document? value) in _writes)
        {
            if (range.Contains(record))
            {
                yield return new RecordWrite(record, value);
            }
        }
    }

    public bool Writes(RecordKey record) => _writes.ContainsKey(record);

    public void AddOnce(List<CoordinatorId> list, CoordinatorId coordinator)
    {
        if (!list.Contains(coordinator))
        {
            list.Add(coordinator);
        }
    }
}
