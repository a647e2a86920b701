namespace Transactions.Participant;

/// <summary>One transaction's lock on one key or range, held or waited for.</summary>
internal sealed class LockRequest
{
    private LockRequest(ShardTransaction transaction, LockMode mode, RecordKey record, KeyRange range)
    {
        Transaction = transaction;
        Mode = mode;
        Record = record;
        Range = range;
    }

    public ShardTransaction Transaction { get; }

    public LockMode Mode { get; private set; }

    /// <summary>The key, unless the mode is Range.</summary>
    public RecordKey Record { get; }

    /// <summary>The range, if the mode is Range.</summary>
    public KeyRange Range { get; private set; }

    /// <summary>Whether the lock is held; else it waits.</summary>
    public bool IsGranted { get; set; }

    /// <summary>Whether its transaction already holds the key shared: it goes before the queue (X4).</summary>
    public bool IsUpgrade { get; set; }

    /// <summary>Its place among all requests: first come, first served.</summary>
    public long Arrival { get; set; }

    /// <summary>What goes on when the lock is granted; none for a lock that was granted at once.</summary>
    public PendingOperation? Operation { get; init; }

    public static LockRequest ForKey(ShardTransaction transaction, LockMode mode, RecordKey record, PendingOperation? operation) =>
        new(transaction, mode, record, default) { Operation = operation };

    public static LockRequest ForRange(ShardTransaction transaction, KeyRange range, PendingOperation? operation) =>
        new(transaction, LockMode.Range, default, range) { Operation = operation };

    /// <summary>Turns a held shared lock into an exclusive one.</summary>
    public void Strengthen() => Mode = LockMode.Exclusive;

    /// <summary>Gives up the part of a range that the scan didn't reach.</summary>
    public void ShrinkTo(KeyRange range) => Range = range;

    /// <summary>Whether both can't be held at once, whoever holds them.</summary>
    public bool ConflictsWith(LockRequest other) =>
        Transaction != other.Transaction && (Mode, other.Mode) switch
        {
            (LockMode.Range, LockMode.Exclusive) => Range.Contains(other.Record),
            (LockMode.Exclusive, LockMode.Range) => other.Range.Contains(Record),
            (LockMode.Range, _) or (_, LockMode.Range) or (LockMode.Shared, LockMode.Shared) => false,
            _ => Record == other.Record,
        };

    /// <summary>Whether this one is served before <paramref name="other"/>.</summary>
    public bool GoesBefore(LockRequest other) =>
        IsUpgrade != other.IsUpgrade ? IsUpgrade : Arrival < other.Arrival;

    public override string ToString() => Mode == LockMode.Range ? $"{Mode} {Range}" : $"{Mode} {Record}";
}
