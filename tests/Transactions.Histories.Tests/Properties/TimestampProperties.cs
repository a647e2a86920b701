using CsCheck;

namespace Transactions.Histories.Tests.Properties;

/// <summary>With all timestamps recorded nothing is in doubt: the checker finds exactly what trying every order finds.</summary>
public sealed class TimestampProperties
{
    public const int Iterations = 20_000;

    private static readonly Gen<(int Seed, int Changes)> Seeds = Gen.Select(Gen.Int[0, 1_000_000_000], Gen.Int[0, 3]);

    private static readonly WorldOptions Timed =
        new() { Transactions = 5, Processes = 3, Keys = 2, MaxOperations = 3, Timestamps = true, Snapshots = true, InDoubt = false };

    [Fact]
    public void Lists_WithTimestamps_AreJudgedExactly() => Compare(Timed);

    [Fact]
    public void Registers_WithTimestampsDeletionsAndEqualValues_AreJudgedExactly() =>
        Compare(Timed with { Registers = true, Repeats = true, Scans = true, Keys = 3 });

    [Fact]
    public void Lists_WithTimestampsInRealTime_AreJudgedExactly() => Compare(Timed, ConsistencyModel.StrictSerializable);

    [Fact]
    public void Registers_WithTimestampsInRealTime_AreJudgedExactly() =>
        Compare(Timed with { Registers = true, Repeats = true, Scans = true, Keys = 3 }, ConsistencyModel.StrictSerializable);

    // A write in doubt has no timestamp, and may explain what nothing else does.
    [Fact]
    public void Registers_WithTimestampsAndDoubts_AreNeverAccusedWrongly() => Compare(
        Timed with { Registers = true, Repeats = true, Scans = true, InDoubt = true }, ConsistencyModel.StrictSerializable, isExact: false);

    [Fact]
    public void Lists_WithTimestampsAndDoubts_AreJudgedExactly() => Compare(Timed with { InDoubt = true }, ConsistencyModel.Serializable, inDoubt: true);

    private static void Compare(
        WorldOptions options, ConsistencyModel model = ConsistencyModel.Serializable, bool isExact = true, bool inDoubt = false)
    {
        int[] counts = new int[3];
        Seeds.Sample(input =>
        {
            // A change may make one that is in doubt or aborted, whose writes have no timestamp then.
            if (BruteForceProperties.Make(input.Seed, input.Changes, options) is not { } history
                || (isExact && !inDoubt && history.Events.Any(e => e.Type is EventType.Info or EventType.Fail)))
            {
                return;
            }

            bool isRealTime = model == ConsistencyModel.StrictSerializable;
            bool isRight = IsRight(history)
                && (!isRealTime || (BruteForce.IsSerializable(history, isRealTime: true) && AgreesWithRealTime(history)));
            CheckResult result = HistoryCheck.Run(history, new CheckOptions { Model = model, FinalReads = isRealTime });
            if (isExact ? result.IsValid != isRight : isRight && !result.IsValid)
            {
                Assert.Fail($"{(isRight ? "has" : "has no")} order, and is {result}\n{HistoryWriter.ToText(history)}");
            }

            Interlocked.Increment(ref counts[isRight ? 0 : result.IsValid ? 2 : 1]);
        }, iter: Iterations);

        Assert.True(counts[0] > Iterations / 10 && counts[1] > Iterations / 10, $"{counts[0]} right, {counts[1]} wrong and found, {counts[2]} missed");
        Assert.True(counts[2] < (counts[1] / 4) + 1, $"{counts[1]} found, {counts[2]} missed");
    }

    // An order by timestamps; and no two that touch one key, one of them writing, share one.
    private static bool IsRight(History history)
    {
        HistoryEvent[] timed = [.. history.Events.Where(e => e.Commit is not null)];
        for (int i = 0; i < timed.Length; i++)
        {
            for (int j = i + 1; j < timed.Length; j++)
            {
                if (timed[i].Commit == timed[j].Commit && (Conflict(timed[i], timed[j]) || Conflict(timed[j], timed[i])))
                {
                    return false;
                }
            }
        }

        return !IsLateBelowSnapshot(history) && BruteForce.IsInTimestampOrder(history);
    }

    // Somebody began to write what a snapshot had been read of, at or below its timestamp.
    private static bool IsLateBelowSnapshot(History history)
    {
        for (int read = 0; read < history.Events.Length; read++)
        {
            HistoryEvent snapshot = history.Events[read];
            for (int write = read + 1; snapshot.Snapshot is not null && write < history.Events.Length; write++)
            {
                HistoryEvent writer = history.Events[write];
                if (writer.Commit <= snapshot.Snapshot && Conflict(writer, snapshot)
                    && history.Events.Take(write).Skip(read).Any(e => e.Type == EventType.Invoke && e.Process == writer.Process))
                {
                    return true;
                }
            }
        }

        return false;
    }

    // What was told, or seen by who had ended, lies below whoever began then; a snapshot may have the same timestamp, one of
    // the past any.
    private static bool AgreesWithRealTime(History history)
    {
        Dictionary<int, int> began = [];
        List<(int Ended, long Commit)> known = [];
        for (int at = 0; at < history.Events.Length; at++)
        {
            HistoryEvent e = history.Events[at];
            if (e.Type == EventType.Invoke)
            {
                began[e.Process] = at;
                continue;
            }

            if (!e.IsStale && known.Exists(before => before.Ended < began[e.Process] && (before.Commit >= e.Commit || before.Commit > e.Snapshot)))
            {
                return false;
            }

            known.AddRange(history.Events.Where(writer => writer == e || IsSeen(writer, e)).Where(writer => writer.Commit is not null)
                .Select(writer => (at, writer.Commit!.Value)));
        }

        return true;
    }

    // In timestamp order, who read a key saw the newest below it.
    private static bool IsSeen(HistoryEvent writer, HistoryEvent reader) =>
        (writer.Commit < reader.Commit || writer.Commit <= reader.Snapshot)
        && writer.Operations.Where(operation => operation.IsWrite).Any(write => reader.Operations
            .TakeWhile(operation => !operation.IsWrite || operation.Key != write.Key)
            .Any(operation => operation.Kind == OperationKind.Scan
                ? KeyOrder.IsInRange(write.Key, operation.Key, operation.End)
                : operation.Key == write.Key));

    private static bool Conflict(HistoryEvent writer, HistoryEvent other) =>
        writer.Operations.Where(operation => operation.IsWrite).Any(write => ReadsOrWrites(other, write.Key));

    // A read after the transaction's own write of the key saw nothing of others: but a write it is.
    private static bool ReadsOrWrites(HistoryEvent e, string key) =>
        e.Operations.Any(operation => operation.Kind == OperationKind.Scan
            ? KeyOrder.IsInRange(key, operation.Key, operation.End)
            : operation.Key == key);
}
