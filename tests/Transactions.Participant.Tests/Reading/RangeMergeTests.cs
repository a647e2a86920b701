using System.Collections.Immutable;
using CsCheck;
using Transactions.Clocks;
using Transactions.Model;
using Xunit;

namespace Transactions.Participant.Tests;

[Trait("Rule", "X10")]
public sealed class RangeMergeTests
{
    private static readonly Gen<(int Key, int At, bool IsGone)[]> Versions =
        Gen.Select(Gen.Int[0, 8], Gen.Int[1, 6], Gen.Bool).Array[0, 14];

    private static readonly Gen<(int Key, bool IsGone)[]> Writes = Gen.Select(Gen.Int[0, 8], Gen.Bool).Array[0, 4];

    private static readonly Gen<(int From, int To, int Limit, int At, int Bytes, int Part)> Queries =
        Gen.Select(Gen.Int[0, 9], Gen.Int[0, 9], Gen.Int[1, 5], Gen.Int[1, 6], Gen.Int[1, 400], Gen.Int[1, 10]);

    // Every version lies in the tables, in the overlay, or in both (it was just flushed); the model is one sorted list.
    [Fact]
    public void Add_TablesOverlayAndOwnWrites_AsOneList() => Gen.Select(Versions, Gen.Int, Writes, Queries).Sample(
        (versions, places, writes, query) =>
        {
            MemoryShardStore store = new() { MostMetInAPart = query.Part };
            Overlay overlay = new();
            SortedDictionary<(int Key, int At), bool> all = [];
            foreach ((int key, int at, bool isGone) in versions)
            {
                all.TryAdd((key, at), isGone);
            }

            int place = places;
            foreach (((int key, int at), bool isGone) in all)
            {
                bool isInOverlay = (place & 3) != 0;
                bool isInTables = (place & 3) != 1;
                place = (place >> 1) | (place << 31);
                if (isInTables)
                {
                    store.Add(Record(key), new Timestamp(at), Value(key, at, isGone));
                }

                if (isInOverlay)
                {
                    ShardTransaction writer = new(Name.Transaction("a"), new Generation(1));
                    writer.Write(Record(key), Value(key, at, isGone));
                    overlay.Add(writer, new Timestamp(at));
                }
            }

            ShardTransaction reader = new(Name.Transaction("b"), new Generation(1));
            foreach ((int key, bool isGone) in writes)
            {
                reader.Write(Record(key), Value(key, 0, isGone));
            }

            KeyRange range = new("t", Key(query.From), query.To == 9 ? null : Key(query.To));
            Timestamp now = new(query.At);
            RangeMerge merge = new(range, query.Limit, query.Bytes, overlay.NewestIn(range, now), reader);
            int reads = 0;
            VersionsReadResult.Succeeded part;
            do
            {
                Assert.True(++reads <= 20, "The scan doesn't end.");
                part = (VersionsReadResult.Succeeded)store.Read(new VersionQuery.Range(now, merge.Remaining, merge.Missing));
            }
            while (!merge.Add(part.Versions, part.IsComplete));

            List<Entry> expected = [];
            for (int key = query.From; key < (query.To == 9 ? 9 : query.To); key++)
            {
                (int Key, int At)[] visible = [.. all.Keys.Where(version => version.Key == key && version.At <= query.At)];
                if (reader.TryGetWrite(Record(key), out Document? own))
                {
                    expected.AddRange(own is { } value ? [new Entry(Key(key), value, default)] : []);
                }
                else if (visible.Length > 0 && !all[visible[^1]])
                {
                    expected.Add(new Entry(Key(key), Value(key, visible[^1].At, false)!.Value, new Timestamp(visible[^1].At)));
                }
            }

            // As many as fit, by count and by bytes, but one in any case.
            int fit = 0;
            long bytes = 0;
            foreach (Entry entry in expected.Take(query.Limit))
            {
                bytes += ReplySize.Of(entry);
                fit += fit == 0 || bytes <= query.Bytes ? 1 : 0;
            }

            Assert.Equal(expected.Take(fit), merge.Result.Entries);
            if (expected.Count > fit)
            {
                // It goes on above all that was answered, and leaves out nothing.
                Assert.NotNull(merge.Result.Continuation);
                Assert.True(Utf8Order.Compare(expected[fit - 1].Key, merge.Result.Continuation) < 0);
                Assert.True(Utf8Order.Compare(merge.Result.Continuation, expected[fit].Key) <= 0);
            }
            else if (fit < query.Limit && bytes < query.Bytes)
            {
                Assert.Null(merge.Result.Continuation);
            }
        },
        iter: 20_000);

    [Fact]
    public void NewestAt_SeveralVersions_TheNewestAtOrBelow()
    {
        Overlay overlay = new();
        foreach (int at in (int[])[3, 1, 2])
        {
            ShardTransaction writer = new(Name.Transaction("a"), new Generation(1));
            writer.Write(Record(1), Value(1, at, false));
            overlay.Add(writer, new Timestamp(at));
        }

        Assert.Equal(new Timestamp(2), overlay.NewestAt(Record(1), new Timestamp(2))?.CommitTimestamp);
        Assert.Equal(new Timestamp(3), overlay.NewestAt(Record(1), Timestamp.MaxValue)?.CommitTimestamp);
        Assert.Null(overlay.NewestAt(Record(1), new Timestamp(0)));
        Assert.Equal(new Timestamp(1), overlay.LeastCommitTimestamp);
    }

    [Fact]
    public void Remove_OneOfTwoWriters_TheOtherStays()
    {
        Overlay overlay = new();
        ShardTransaction first = new(Name.Transaction("a"), new Generation(1));
        ShardTransaction second = new(Name.Transaction("b"), new Generation(1));
        first.Write(Record(1), Value(1, 1, false));
        second.Write(Record(1), null);
        overlay.Add(first, new Timestamp(1));
        overlay.Add(second, new Timestamp(2));

        overlay.Remove(first);
        overlay.Remove(first);

        Assert.Null(overlay.NewestAt(Record(1), new Timestamp(1)));
        Assert.Equal(new RecordVersion(Record(1), new Timestamp(2), null), overlay.NewestAt(Record(1), new Timestamp(2)));
        overlay.Remove(second);
        Assert.True(overlay.IsEmpty);
        Assert.Null(overlay.LeastCommitTimestamp);
    }

    private static string Key(int key) => $"k{key}";

    private static RecordKey Record(int key) => new("t", Key(key));

    private static Document? Value(int key, int at, bool isGone) => isGone ? null : Document.FromText($"{key}{at}");
}
