using Transactions.Clocks;
using Transactions.Model;
using Transactions.Participant;

namespace Transactions.Simulation;

/// <summary>One shard's committed versions and served timestamps, as an omniscient observer knows them.</summary>
internal sealed class ShardHistory(ShardId shard)
{
    private readonly SortedDictionary<RecordKey, RecordHistory> _records = [];
    private readonly Dictionary<KeyRange, (Timestamp UpTo, TransactionId? By)> _ranges = [];

    public IReadOnlyDictionary<RecordKey, RecordHistory> Records => _records;

    /// <summary>The greatest timestamp at which anything was served.</summary>
    public Timestamp GreatestServed { get; private set; }

    /// <summary>Adds a version; what is wrong with that, or null.</summary>
    public string? Add(RecordVersion version, TransactionId by)
    {
        RecordHistory history = Of(version.Record);
        if (history.Newest is { } newest && newest.Version.CommitTimestamp >= version.CommitTimestamp)
        {
            return $"{shard} {version.Record} gets a version at {version.CommitTimestamp} by {Describe.Id(by)}, and has one at "
                + $"{newest.Version.CommitTimestamp} by {Describe.Id(newest.By)}";
        }

        // What it read itself, it may write: at once, or once more when a server's crash undid the first time.
        if (version.CommitTimestamp <= history.ServedUpTo && history.ServedTo != by)
        {
            return $"{shard} {version.Record} gets a version at {version.CommitTimestamp} by {Describe.Id(by)}, and was served at "
                + $"{history.ServedUpTo}";
        }

        foreach ((KeyRange range, (Timestamp servedUpTo, TransactionId? servedTo)) in _ranges)
        {
            if (version.CommitTimestamp <= servedUpTo && servedTo != by && range.Contains(version.Record))
            {
                return $"{shard} {version.Record} gets a version at {version.CommitTimestamp} by {Describe.Id(by)}, and {range} was "
                    + $"served at {servedUpTo}";
            }
        }

        history.Versions.Add((version, by));
        return null;
    }

    public void Remove(RecordKey record, TransactionId by) => Of(record).Versions.RemoveAll(v => v.By == by);

    /// <summary>A record was read at a timestamp, by a transaction or, where that is null, by a snapshot.</summary>
    public void Serve(RecordKey record, Timestamp at, TransactionId? to)
    {
        GreatestServed = Timestamp.Max(GreatestServed, at);
        RecordHistory history = Of(record);
        if (at > history.ServedUpTo)
        {
            (history.ServedUpTo, history.ServedTo) = (at, to);
        }
    }

    /// <summary>A range was read at a timestamp.</summary>
    public void Serve(KeyRange range, Timestamp at, TransactionId? to)
    {
        GreatestServed = Timestamp.Max(GreatestServed, at);
        if (at > _ranges.GetValueOrDefault(range).UpTo)
        {
            _ranges[range] = (at, to);
        }
    }

    public RecordVersion? NewestAt(RecordKey record, Timestamp at) =>
        _records.TryGetValue(record, out RecordHistory? history) ? history.NewestAt(at) : null;

    /// <summary>The live records of a range, in key order.</summary>
    public List<RecordVersion> LiveAt(KeyRange range, Timestamp at)
    {
        List<RecordVersion> live = [];
        foreach ((RecordKey record, RecordHistory history) in _records)
        {
            if (range.Contains(record) && history.NewestAt(at) is { Value: not null } version)
            {
                live.Add(version);
            }
        }

        return live;
    }

    private RecordHistory Of(RecordKey record)
    {
        if (!_records.TryGetValue(record, out RecordHistory? history))
        {
            history = new RecordHistory();
            _records.Add(record, history);
        }

        return history;
    }
}
