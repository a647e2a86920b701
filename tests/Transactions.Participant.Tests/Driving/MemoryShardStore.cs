using System.Collections.Immutable;
using Transactions.Clocks;
using Transactions.Model;

namespace Transactions.Participant.Tests;

/// <summary>The shard's tables as dictionaries: what PostgreSQL would hold, and how it would answer each effect.</summary>
internal sealed class MemoryShardStore
{
    private readonly SortedDictionary<RecordKey, SortedDictionary<Timestamp, Document?>> _versions = [];
    private readonly SortedDictionary<TransactionId, PreparedRow> _prepared = [];
    private readonly Dictionary<TransactionId, Outcome> _outcomes = [];

    public ShardRow Row { get; set; } = new(
        new Generation(0), 0, "", "", Timestamp.Zero, Timestamp.Zero, Timestamp.Zero, Timestamp.Zero);

    /// <summary>With how many records, deleted ones too, a part of a range ends.</summary>
    public int MostMetInAPart { get; init; } = int.MaxValue;

    public IEnumerable<RecordVersion> Versions => _versions.SelectMany(
        record => record.Value.Select(version => new RecordVersion(record.Key, version.Key, version.Value)));

    public int PreparedCount => _prepared.Count;

    public IReadOnlyDictionary<TransactionId, Outcome> Outcomes => _outcomes;

    /// <summary>Adds a version; false when the record has one at that timestamp.</summary>
    /// <remarks>A later version may be there already: a one-phase commit overtakes an earlier one that waits to be applied.</remarks>
    public bool Add(RecordKey record, Timestamp at, Document? value)
    {
        if (!_versions.TryGetValue(record, out SortedDictionary<Timestamp, Document?>? versions))
        {
            _versions.Add(record, versions = []);
        }

        return versions.TryAdd(at, value);
    }

    public bool IsFenced(Fence fence) => fence.Generation != Row.Generation || fence.Epoch != Row.Epoch;

    public PersistResult Persist(ShardEffect.Persist effect)
    {
        if (IsFenced(effect.Fence))
        {
            return new PersistResult.Fenced();
        }

        return new PersistResult.Committed([.. effect.Items.Select(Persist)]);
    }

    public WriteResult Apply(ShardEffect.Apply effect)
    {
        if (IsFenced(effect.Fence))
        {
            return WriteResult.Fenced;
        }

        foreach (ApplyItem item in effect.Items)
        {
            if (_prepared.Remove(item.Id, out PreparedRow? row) && item.CommitTimestamp is { } commitTimestamp)
            {
                Write(row.Writes, commitTimestamp);
            }
        }

        return WriteResult.Committed;
    }

    public ReconcileResult? Reconcile(ShardEffect.Reconcile effect)
    {
        if (effect.Generation != Row.Generation)
        {
            return new ReconcileResult(null, [], ImmutableDictionary<TransactionId, Outcome>.Empty);
        }

        if (Row.Epoch >= effect.Epoch)
        {
            return null;
        }

        Row = Row with { Epoch = effect.Epoch };
        return new ReconcileResult(
            Row.Epoch,
            [.. effect.Doubtful.Where(_prepared.ContainsKey)],
            effect.Doubtful.Where(_outcomes.ContainsKey).ToImmutableDictionary(id => id, id => _outcomes[id]));
    }

    public TakeoverResult TakeOver(ShardEffect.TakeOver effect, string owner)
    {
        if (Row.Generation != effect.Seen || Row.LeaseUntil != effect.WaitedOut)
        {
            return new TakeoverResult.Lost();
        }

        Row = Row with { Generation = Row.Generation.Next(), Owner = owner, Endpoint = $"http://{owner}", LeaseUntil = effect.LeaseUntil };
        return new TakeoverResult.Won(Row);
    }

    public LoadedShard Load() => new([.. _prepared.Values]);

    public WriteResult Renew(ShardEffect.Renew effect)
    {
        if (effect.Generation != Row.Generation)
        {
            return WriteResult.Fenced;
        }

        Row = Row with { LeaseUntil = effect.LeaseUntil, VisibleUpto = effect.VisibleUpto };
        return WriteResult.Committed;
    }

    public WriteResult HandBack(ShardEffect.HandBack effect)
    {
        if (IsFenced(effect.Fence))
        {
            return WriteResult.Fenced;
        }

        Row = Row with { LeaseUntil = effect.LeaseUntil };
        return WriteResult.Committed;
    }

    public WriteResult Prune(ShardEffect.Prune effect)
    {
        if (IsFenced(effect.Fence))
        {
            return WriteResult.Fenced;
        }

        Row = Row with
        {
            HistoryHorizon = Timestamp.Max(Row.HistoryHorizon, effect.HistoryHorizon),
            OutcomesMark = Timestamp.Max(Row.OutcomesMark, effect.OutcomesMark),
        };
        foreach (TransactionId id in _outcomes.Keys.Where(id => id.IssuedAt <= Row.OutcomesMark).ToList())
        {
            _outcomes.Remove(id);
        }

        return WriteResult.Committed;
    }

    public Outcome? ReadOutcome(TransactionId id) => _outcomes.TryGetValue(id, out Outcome outcome) ? outcome : null;

    public void SetOutcome(TransactionId id, Outcome outcome) => _outcomes[id] = outcome;

    public VersionsReadResult Read(VersionQuery query)
    {
        if (query is VersionQuery.Records records)
        {
            return new VersionsReadResult.Succeeded(
                [.. records.Keys.Select(key => Newest(key, query.At)).OfType<RecordVersion>()], Row.HistoryHorizon, IsComplete: true);
        }

        VersionQuery.Range range = (VersionQuery.Range)query;
        ImmutableArray<RecordVersion>.Builder found = ImmutableArray.CreateBuilder<RecordVersion>();
        int live = 0;
        foreach (RecordKey key in _versions.Keys.Where(range.Keys.Contains))
        {
            if (live == range.Limit || found.Count == MostMetInAPart)
            {
                return new VersionsReadResult.Succeeded(found.ToImmutable(), Row.HistoryHorizon, IsComplete: false);
            }

            if (Newest(key, query.At) is { } version)
            {
                found.Add(version);
                live += version.Value is null ? 0 : 1;
            }
        }

        return new VersionsReadResult.Succeeded(found.ToImmutable(), Row.HistoryHorizon, IsComplete: true);
    }

    private RecordVersion? Newest(RecordKey record, Timestamp at)
    {
        RecordVersion? newest = null;
        foreach ((Timestamp commitTimestamp, Document? value) in _versions.GetValueOrDefault(record) ?? [])
        {
            if (commitTimestamp <= at)
            {
                newest = new RecordVersion(record, commitTimestamp, value);
            }
        }

        return newest;
    }

    private Outcome? Persist(PersistItem item)
    {
        switch (item)
        {
            case PersistItem.Prepare prepare:
                _prepared.Add(prepare.Id, prepare.Row);
                return null;

            case var _ when item.Id.IssuedAt <= Row.OutcomesMark:
                return ReadOutcome(item.Id);

            case PersistItem.OnePhase commit:
                if (_outcomes.TryAdd(commit.Id, Outcome.Committed(commit.CommitTimestamp)))
                {
                    Write(commit.Writes, commit.CommitTimestamp);
                }

                return _outcomes[commit.Id];

            case PersistItem.Tombstone tombstone:
                _outcomes.TryAdd(tombstone.Id, Outcome.Aborted(tombstone.Reason));
                return _outcomes[tombstone.Id];

            default:
                throw new InvalidOperationException($"No such item: {item.GetType().Name}.");
        }
    }

    private void Write(ImmutableArray<RecordWrite> writes, Timestamp commitTimestamp)
    {
        foreach (RecordWrite write in writes)
        {
            Invariant.Holds(Add(write.Record, commitTimestamp, write.Value), "invariant 3: one version of a key at a timestamp");
        }
    }
}
