using Transactions.Clocks;

namespace Transactions.Participant;

/// <summary>Transactions that may yet commit at or above their prepare timestamp; snapshot reads wait for them (S2).</summary>
internal sealed class PreparedWriters
{
    // Several may be prepared on one key after a takeover: an earlier one's outcome wasn't applied durably.
    private readonly Dictionary<RecordKey, List<ShardTransaction>> _byRecord = [];
    private readonly List<ShardTransaction> _transactions = [];

    public IReadOnlyList<ShardTransaction> Transactions => _transactions;

    /// <summary>The least prepare timestamp; null when none is prepared.</summary>
    public Timestamp? LeastPrepareTimestamp
    {
        get
        {
            Timestamp? least = null;
            foreach (ShardTransaction transaction in _transactions)
            {
                least = least is { } known ? Timestamp.Min(known, transaction.PrepareTimestamp) : transaction.PrepareTimestamp;
            }

            return least;
        }
    }

    public void Add(ShardTransaction transaction)
    {
        _transactions.Add(transaction);
        foreach (RecordWrite write in transaction.Writes())
        {
            if (!_byRecord.TryGetValue(write.Record, out List<ShardTransaction>? writers))
            {
                writers = [];
                _byRecord.Add(write.Record, writers);
            }

            writers.Add(transaction);
        }
    }

    public void Remove(ShardTransaction transaction)
    {
        if (!_transactions.Remove(transaction))
        {
            return;
        }

        foreach (RecordWrite write in transaction.Writes())
        {
            List<ShardTransaction> writers = _byRecord[write.Record];
            writers.Remove(transaction);
            if (writers.Count == 0)
            {
                _byRecord.Remove(write.Record);
            }
        }
    }

    /// <summary>A transaction prepared at or below the read's timestamp on what it reads, if there is one.</summary>
    public ShardTransaction? FindBlocking(SnapshotRead read)
    {
        if (_transactions.Count == 0)
        {
            return null;
        }

        if (read.Query is SnapshotQuery.Get get)
        {
            foreach (string key in get.Keys)
            {
                if (_byRecord.TryGetValue(new RecordKey(get.Collection, key), out List<ShardTransaction>? writers)
                    && writers.Find(writer => writer.PrepareTimestamp <= read.At) is { } blocking)
                {
                    return blocking;
                }
            }

            return null;
        }

        foreach ((RecordKey record, List<ShardTransaction> writers) in _byRecord)
        {
            if (read.Touches(record) && writers.Find(writer => writer.PrepareTimestamp <= read.At) is { } blocking)
            {
                return blocking;
            }
        }

        return null;
    }
}
