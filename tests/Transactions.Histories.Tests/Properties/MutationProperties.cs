using System.Collections.Immutable;
using CsCheck;

namespace Transactions.Histories.Tests.Properties;

/// <summary>A lie in a right history is found whenever somebody else saw the truth.</summary>
public sealed class MutationProperties
{
    private static readonly Gen<int> Seeds = Gen.Int[0, 1_000_000_000];

    private static readonly WorldOptions Lists = new() { Transactions = 60, Processes = 5, Keys = 3 };

    [Fact]
    public void Check_TwoElementsSwapped_IsFound() => EachIsFound((_, longest, read) =>
        read.List.Length >= 2 && longest.List.Length >= read.List.Length && longest.At != read.At
            ? read.List.SetItem(0, read.List[^1]).SetItem(read.List.Length - 1, read.List[0])
            : null);

    [Fact]
    public void Check_ElementDropped_IsFound() => EachIsFound((_, longest, read) =>
        read.List.Length >= 2 && longest.List.Length >= read.List.Length && longest.At != read.At ? read.List.RemoveAt(0) : null);

    [Fact]
    public void Check_ReadMovedBack_IsFound() => EachIsFound((history, _, read) =>
        read.List.Length >= 1 && EndOf(history, read.Key, read.List[^1]) < BeginningOf(history, read.At) ? read.List[..^1] : null);

    [Fact]
    public void Check_ReadMovedAhead_IsFound() => EachIsFound((history, longest, read) =>
        longest.List.Length > read.List.Length && BeginningOfWriter(history, read.Key, longest.List[read.List.Length]) > read.At
            ? longest.List[..(read.List.Length + 1)]
            : null);

    // Gone from all reads as if it had never been; but it was acknowledged, and somebody read its key after that.
    [Fact]
    public void Check_AcknowledgedWriteGone_IsFound()
    {
        int found = 0;
        Seeds.Sample(seed =>
        {
            History history = World.Run(seed, Lists);
            List<ReadAt> reads = Reads(history);
            foreach (ReadAt last in reads)
            {
                if (last.List.IsEmpty || EndOf(history, last.Key, last.List[^1]) >= BeginningOf(history, last.At))
                {
                    continue;
                }

                long gone = last.List[^1];
                History changed = reads.Where(read => read.Key == last.Key && read.List.Contains(gone)).Aggregate(history, (lying, read) =>
                    Mutations.Replace(lying, read.At, read.Operation, Operation.Read(read.Key, read.List.Remove(gone))));
                CheckResult result = HistoryCheck.Run(changed);
                Assert.False(result.IsValid, $"{gone} is gone from {last.Key}\n{HistoryWriter.ToText(changed)}");
                Interlocked.Increment(ref found);
                return;
            }
        }, iter: 300);
        Assert.InRange(found, 100, 300);
    }

    // With timestamps no read may be other than it is, whoever saw the truth.
    [Fact]
    public void Check_AnyReadChanged_IsFoundByTimestamps()
    {
        WorldOptions options = Lists with { Timestamps = true, Snapshots = true, InDoubt = false };
        int found = 0;
        Seeds.Sample(seed =>
        {
            History history = World.Run(seed, options);
            List<ReadAt> reads = [.. Reads(history).Where(read => read.List.Length > 0)];
            ReadAt read = reads[seed % reads.Count];
            History changed = Mutations.Replace(history, read.At, read.Operation, Operation.Read(read.Key, read.List[..^1]));
            Assert.False(HistoryCheck.Run(changed, new CheckOptions { Model = ConsistencyModel.Serializable, FinalReads = false }).IsValid);
            Interlocked.Increment(ref found);
        }, iter: 300);
        Assert.Equal(300, found);
    }

    private static void EachIsFound(Func<History, ReadAt, ReadAt, ImmutableArray<long>?> change)
    {
        int found = 0;
        Seeds.Sample(seed =>
        {
            History history = World.Run(seed, Lists);
            List<ReadAt> reads = Reads(history);
            foreach (ReadAt read in reads)
            {
                ReadAt longest = reads.Where(other => other.Key == read.Key && other.At != read.At).MaxBy(other => other.List.Length) ?? read;
                if (change(history, longest, read) is { } lie)
                {
                    History changed = Mutations.Replace(history, read.At, read.Operation, Operation.Read(read.Key, lie));
                    CheckResult result = HistoryCheck.Run(changed);
                    Assert.False(result.IsValid, $"{read} was changed to [{string.Join(' ', lie)}]\n{HistoryWriter.ToText(changed)}");
                    Interlocked.Increment(ref found);
                    return;
                }
            }
        }, iter: 300);
        Assert.InRange(found, 100, 300);
    }

    // Reads by transactions that don't append to the key themselves.
    private static List<ReadAt> Reads(History history)
    {
        List<ReadAt> reads = [];
        for (int at = 0; at < history.Events.Length; at++)
        {
            HistoryEvent e = history.Events[at];
            for (int i = 0; e.Type == EventType.Ok && i < e.Operations.Length; i++)
            {
                Operation read = e.Operations[i];
                if (read.Kind == OperationKind.Read && !e.IsStale && !e.Operations.Any(other => other.IsWrite && other.Key == read.Key))
                {
                    reads.Add(new ReadAt(at, i, read.Key, read.Elements.IsDefault ? [] : read.Elements));
                }
            }
        }

        return reads;
    }

    private static int EndOf(History history, string key, long element)
    {
        int end = history.Events.ToList().FindIndex(e => e.Type == EventType.Ok && e.Operations.Contains(Operation.Append(key, element)));
        return end < 0 ? int.MaxValue : end;
    }

    private static int BeginningOfWriter(History history, string key, long element) =>
        history.Events.ToList().FindIndex(e => e.Type == EventType.Invoke && e.Operations.Contains(Operation.Append(key, element)));

    private static int BeginningOf(History history, int end)
    {
        int begin = end - 1;
        while (history.Events[begin].Process != history.Events[end].Process)
        {
            begin--;
        }

        return begin;
    }

    private sealed record ReadAt(int At, int Operation, string Key, ImmutableArray<long> List);
}
