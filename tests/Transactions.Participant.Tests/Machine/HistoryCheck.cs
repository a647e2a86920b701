using System.Collections.Immutable;
using Transactions.Clocks;
using Transactions.Model;
using Xunit;

namespace Transactions.Participant.Tests;

/// <summary>Judges a history when it is over: everything that anybody read fits the versions that there are in the end.</summary>
internal sealed class HistoryCheck
{
    private readonly Dictionary<CallId, Action<ShardAnswer>> _waiting = [];
    private readonly List<(SnapshotQuery Query, ShardAnswer.Read Answer)> _snapshots = [];
    private readonly List<(Timestamp Upto, int Versions)> _published = [];

    public void Asked(CallId call, Action<ShardAnswer> answered) => _waiting.Add(call, answered);

    /// <summary>Whoever waited for the dead process gets no answer.</summary>
    public void Restarted() => _waiting.Clear();

    /// <summary>Each call is answered once.</summary>
    public void Answered(ShardEffect.Answer answer)
    {
        Assert.True(_waiting.Remove(answer.Call, out Action<ShardAnswer>? answered), $"Call {answer.Call} was answered twice.");
        answered(answer.Reply);
    }

    public void Snapshot(SnapshotQuery query, ShardAnswer answer)
    {
        if (answer is ShardAnswer.Read read)
        {
            _snapshots.Add((query, read));
        }
    }

    /// <summary>S4: what is published only rises, and nothing comes at or below it any more.</summary>
    public void Published(MemoryShardStore store)
    {
        Timestamp visible = store.Row.VisibleUpto;
        Timestamp last = _published.Count == 0 ? Timestamp.Zero : _published[^1].Upto;
        Assert.True(visible >= last, $"{Name.Of(visible)} was published after {Name.Of(last)}.");
        if (visible > last)
        {
            _published.Add((visible, CountUpto(store, visible)));
        }
    }

    public void Whole(IEnumerable<RandomTransaction> transactions, MemoryShardStore store)
    {
        Assert.Empty(_waiting);
        ILookup<RecordKey, RecordVersion> versions = store.Versions.ToLookup(version => version.Record);
        int writes = 0;
        foreach (RandomTransaction transaction in transactions)
        {
            if (transaction.Decided is { IsCommitted: true } outcome)
            {
                writes += Committed(transaction, outcome.CommitTimestamp, versions);
            }
        }

        // Invariant 2: nothing else was ever written.
        Assert.Equal(writes, store.Versions.Count());
        Assert.All(_published, published => Assert.Equal(published.Versions, CountUpto(store, published.Upto)));
        foreach ((SnapshotQuery query, ShardAnswer.Read answer) in _snapshots)
        {
            Snapshot(query, answer, versions);
        }
    }

    // Invariants 2 and 4: its writes are all there, at its timestamp; what it read was the newest below it.
    private static int Committed(RandomTransaction transaction, Timestamp at, ILookup<RecordKey, RecordVersion> versions)
    {
        Dictionary<RecordKey, Document?> writes = [];
        foreach ((Operation operation, ShardAnswer? answer) in transaction.Operations)
        {
            OperationResult result = Assert.IsType<ShardAnswer.Admitted>(answer).Result;
            switch (operation, result)
            {
                case (Operation.Put put, _):
                    writes[put.Record] = put.Value;
                    break;

                case (Operation.Delete delete, _):
                    writes[delete.Record] = null;
                    break;

                case (Operation.InsertIfAbsent insert, OperationResult.Inserted { WasAbsent: true }):
                    writes[insert.Record] = insert.Value;
                    break;

                case (Operation.Get get, OperationResult.Found found):
                    Assert.All(get.Keys.Zip(found.Entries), pair => Read(new RecordKey(get.Collection, pair.First), pair.Second, at, versions));
                    break;

                case (Operation.Scan scan, OperationResult.Scanned scanned):
                    Scanned(scan.Range, scanned, at, versions, writes);
                    break;

                default:
                    break;
            }
        }

        foreach ((RecordKey record, Document? _) in writes)
        {
            Assert.Contains(versions[record], version => version.CommitTimestamp == at);
        }

        return writes.Count;
    }

    // Its own writes carry no timestamp; which of them it saw depends on the order within, which is its client's affair.
    private static void Read(RecordKey record, Entry? entry, Timestamp at, ILookup<RecordKey, RecordVersion> versions)
    {
        RecordVersion? newest = NewestBelow(versions[record], at);
        bool isOwn = entry is { CommitTimestamp.Value: 0 } || (entry is null && versions[record].Any(version => version.CommitTimestamp == at));
        Assert.True(
            isOwn || Equal(entry, newest), $"{record} was read as {entry} by the one that committed at {Name.Of(at)}; there is {newest}.");
    }

    private static void Scanned(
        KeyRange range, OperationResult.Scanned scanned, Timestamp at, ILookup<RecordKey, RecordVersion> versions,
        Dictionary<RecordKey, Document?> writes)
    {
        KeyRange reached = scanned.Continuation is { } end ? range with { To = end } : range;
        foreach (IGrouping<RecordKey, RecordVersion> group in versions.Where(group => reached.Contains(group.Key) && !writes.ContainsKey(group.Key)))
        {
            Entry? entry = scanned.Entries.Where(e => e.Key == group.Key.Key).Select(e => (Entry?)e).FirstOrDefault();
            Read(group.Key, entry, at, versions);
        }
    }

    private static void Snapshot(SnapshotQuery query, ShardAnswer.Read answer, ILookup<RecordKey, RecordVersion> versions)
    {
        Timestamp above = answer.ReadTimestamp.Next();
        ImmutableArray<Entry?> expected;
        ImmutableArray<Entry?> got;
        if (query is SnapshotQuery.Get get)
        {
            expected = [.. get.Keys.Select(key => ToEntry(NewestBelow(versions[new RecordKey(get.Collection, key)], above)))];
            got = ((OperationResult.Found)answer.Result).Entries;
        }
        else
        {
            SnapshotQuery.Scan scan = (SnapshotQuery.Scan)query;
            expected = [.. versions.Where(group => scan.Range.Contains(group.Key)).OrderBy(group => group.Key)
                .Select(group => ToEntry(NewestBelow(group, above))).Where(entry => entry is not null).Take(scan.Limit)];
            got = [.. ((OperationResult.Scanned)answer.Result).Entries.Select(entry => (Entry?)entry)];
        }

        Assert.True(
            expected.SequenceEqual(got),
            $"A snapshot at {Name.Of(answer.ReadTimestamp)} read {string.Join(", ", got)}; there is {string.Join(", ", expected)}.");
    }

    private static int CountUpto(MemoryShardStore store, Timestamp upto) => store.Versions.Count(version => version.CommitTimestamp <= upto);

    private static RecordVersion? NewestBelow(IEnumerable<RecordVersion> versions, Timestamp at) => versions
        .Where(version => version.CommitTimestamp < at)
        .OrderByDescending(version => version.CommitTimestamp)
        .Select(version => (RecordVersion?)version)
        .FirstOrDefault();

    private static Entry? ToEntry(RecordVersion? version) =>
        version is { Value: { } value } found ? new Entry(found.Record.Key, value, found.CommitTimestamp) : null;

    private static bool Equal(Entry? entry, RecordVersion? version) => entry == ToEntry(version);
}
