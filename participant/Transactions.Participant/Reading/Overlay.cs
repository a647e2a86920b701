using Transactions.Clocks;

namespace Transactions.Participant;

/// <summary>Committed versions that PostgreSQL hasn't acknowledged yet (X10). A read merges them with what it found there.</summary>
internal sealed class Overlay
{
    private readonly Dictionary<RecordKey, List<RecordVersion>> _versions = [];
    private readonly Dictionary<ShardTransaction, Timestamp> _transactions = [];

    public bool IsEmpty => _transactions.Count == 0;

    /// <summary>The least commit timestamp that PostgreSQL lacks; null when it has all.</summary>
    public Timestamp? LeastCommitTimestamp
    {
        get
        {
            Timestamp? least = null;
            foreach (Timestamp commitTimestamp in _transactions.Values)
            {
                least = least is { } known ? Timestamp.Min(known, commitTimestamp) : commitTimestamp;
            }

            return least;
        }
    }

    public void Clear()
    {
        _versions.Clear();
        _transactions.Clear();
    }

    public void Add(ShardTransaction transaction, Timestamp commitTimestamp)
    {
        _transactions.Add(transaction, commitTimestamp);
        foreach (RecordWrite write in transaction.Writes())
        {
            if (!_versions.TryGetValue(write.Record, out List<RecordVersion>? versions))
            {
                versions = [];
                _versions.Add(write.Record, versions);
            }

            versions.Add(new RecordVersion(write.Record, commitTimestamp, write.Value));
        }
    }

    public void Remove(ShardTransaction transaction)
    {
        if (!_transactions.Remove(transaction, out Timestamp commitTimestamp))
        {
            return;
        }

        foreach (RecordWrite write in transaction.Writes())
        {
            List<RecordVersion> versions = _versions[write.Record];
            versions.RemoveAll(version => version.CommitTimestamp == commitTimestamp);
            if (versions.Count == 0)
            {
                _versions.Remove(write.Record);
            }
        }
    }

    /// <summary>The newest version of a record at or below a timestamp, if it is here.</summary>
    public RecordVersion? NewestAt(RecordKey record, Timestamp at)
    {
        RecordVersion? newest = null;
        foreach (RecordVersion version in _versions.GetValueOrDefault(record) ?? [])
        {
            if (version.CommitTimestamp <= at && (newest is null || version.CommitTimestamp > newest.Value.CommitTimestamp))
            {
                newest = version;
            }
        }

        return newest;
    }

    /// <summary>The newest version of each record of a range at or below a timestamp, by key.</summary>
    public SortedDictionary<string, RecordVersion> NewestIn(KeyRange range, Timestamp at)
    {
        SortedDictionary<string, RecordVersion> captured = new(Utf8Order.Instance);
        foreach (RecordKey record in _versions.Keys)
        {
            if (range.Contains(record) && NewestAt(record, at) is { } version)
            {
                captured.Add(record.Key, version);
            }
        }

        return captured;
    }
}
