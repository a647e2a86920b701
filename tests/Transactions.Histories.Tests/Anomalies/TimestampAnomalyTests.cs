using static Transactions.Histories.Tests.Script;

namespace Transactions.Histories.Tests.Anomalies;

public sealed class TimestampAnomalyTests
{
    private static readonly CheckOptions Serializable = new() { Model = ConsistencyModel.Serializable, FinalReads = false };

    [Fact]
    public void SnapshotRead_OfAList_SeesExactlyWhatHadCommitted()
    {
        Script Reading(long at, params long[] seen) =>
            new Script().RunAt(0, 10, Append("x", 1)).RunAt(0, 20, Append("x", 2)).Begin(1).Begin(2).OkAt(1, 30, Append("x", 3))
                .OkSnapshot(2, at, List("x", seen)).RunAt(0, 40, List("x", 1, 2, 3));

        Reading(20, 1, 2).IsClean();
        Reading(30, 1, 2, 3).IsClean();
        Assert.True(Reading(29, 1, 2, 3).Check(Serializable).Has(AnomalyKind.SnapshotRead));
        Assert.True(Reading(30, 1, 2).Check(Serializable).Has(AnomalyKind.SnapshotRead));
    }

    [Fact]
    public void SnapshotRead_OfARegister_SeesTheNewestVersion()
    {
        Script Reading(long at, long? seen) =>
            new Script().RunAt(0, 10, Write("x", 1)).RunAt(0, 20, Write("x", null)).RunAt(0, 30, Write("x", 1)).StaleSnapshot(1, at, Read("x", seen));

        Reading(9, null).IsClean();
        Reading(10, 1).IsClean();
        Reading(20, null).IsClean();
        Reading(30, 1).IsClean();
        Reading(9, 1).Shows(AnomalyKind.SnapshotRead);
        Reading(10, null).Shows(AnomalyKind.SnapshotRead);
        Reading(25, 1).Shows(AnomalyKind.SnapshotRead);
        Assert.Contains("the newest version by then is 1, which T4 committed at 30",
            Reading(30, null).Shows(AnomalyKind.SnapshotRead).Anomalies[0].Explanation);
    }

    [Fact]
    public void SnapshotRead_ByAScan_SeesNoPhantoms()
    {
        Script Scanning(long at, params (string, long)[] seen) =>
            new Script().RunAt(0, 10, Write("a", 1)).RunAt(0, 20, Write("b", 2)).StaleSnapshot(1, at, Scan("a", null, seen));

        Scanning(15, ("a", 1)).IsClean();
        Assert.True(Scanning(15, ("a", 1), ("b", 2)).Check().Has(AnomalyKind.SnapshotRead));
        Assert.True(Scanning(20, ("a", 1)).Check().Has(AnomalyKind.SnapshotRead));
        Assert.True(Scanning(20, ("a", 1)).Check().Has(AnomalyKind.GSingleTimestamp));
    }

    [Fact]
    public void TimestampRead_OfATransaction_SeesWhatCommittedBelowIt()
    {
        Script Reading(long at, params long[] seen) => new Script().Begin(0).Begin(1).OkAt(0, 10, Append("x", 1)).OkAt(1, at, List("x", seen))
            .RunAt(2, 99, List("x", 1));

        Reading(11, 1).IsClean();
        Reading(9).IsClean();
        Assert.True(Reading(11).Check().Has(AnomalyKind.TimestampRead));
        Assert.True(Reading(9, 1).Check().Has(AnomalyKind.TimestampRead));
    }

    // In doubt and without a timestamp: whatever is seen of it may be right.
    [Fact]
    public void TimestampRead_OfAWriteInDoubt_IsGivenTheBenefit()
    {
        new Script().Begin(0, Write("x", 1)).Info(0).RunAt(1, 10, Write("x", 2)).Snapshot(1, 20, Read("x", 1)).IsClean();
        new Script().Begin(0, Write("x", null)).Info(0).RunAt(1, 10, Write("x", 2)).Snapshot(1, 20, Read("x", null)).IsClean();
    }

    // It goes unseen by itself, but two snapshots can't disagree about it.
    [Fact]
    public void GSingleTimestamp_SnapshotsGoBack_IsFound()
    {
        Script Second(params long[] seen) =>
            new Script().Begin(0, Append("x", 1)).Info(0).StaleSnapshot(1, 20, List("x", 1)).StaleSnapshot(2, 30, List("x", seen));

        Second(1).IsClean();
        Second().Shows(AnomalyKind.GSingleTimestamp);
    }

    [Fact]
    public void G0Timestamp_VersionsAgainstTheirTimestamps_IsFound()
    {
        Script Ordered(params long[] x) =>
            new Script().Begin(0).Begin(1).OkAt(0, 10, Append("x", 1)).OkAt(1, 20, Append("x", 2)).Run(2, List("x", x));

        Ordered(1, 2).IsClean();
        Ordered(2, 1).Shows(AnomalyKind.TimestampOrder, AnomalyKind.G0Timestamp);
    }

    [Fact]
    public void G1cTimestamp_ReadFromAbove_IsFound() =>
        new Script().Begin(0).Begin(1).OkAt(0, 10, Append("x", 1)).OkAt(1, 9, List("x", 1))
            .Shows(AnomalyKind.TimestampRead, AnomalyKind.G1cTimestamp);

    [Fact]
    public void G2ItemTimestamp_TwoOverwrites_IsFound()
    {
        // T0 -rw-> T1 -rw-> T2 by data, T1 without a timestamp; T2 lies below T0.
        Script Third(long at) => new Script().Begin(0).Begin(1).Begin(2)
            .OkAt(0, 20, List("x")).Ok(1, Append("x", 1), List("y")).OkAt(2, at, Append("y", 1));

        Third(30).IsClean();
        Third(10).Shows(AnomalyKind.G2ItemTimestamp);
    }

    [Fact]
    public void G2Timestamp_TwoPhantoms_IsFound() =>
        new Script().Begin(0).Begin(1).Begin(2)
            .OkAt(0, 20, Scan("x", "y")).Ok(1, Write("x", 1), Scan("y", "z")).OkAt(2, 10, Write("y", 1))
            .Shows(AnomalyKind.G2Timestamp);

    [Fact]
    public void TimestampOrder_TwoWritersOfOneKeyAtOneTimestamp_IsFound()
    {
        new Script().Begin(0).Begin(1).OkAt(0, 10, Write("x", 1)).OkAt(1, 10, Write("y", 1)).IsClean();
        new Script().Begin(0).Begin(1).OkAt(0, 10, Write("x", 1)).OkAt(1, 10, Write("x", 2)).Shows(AnomalyKind.TimestampOrder);
    }

    [Fact]
    public void TimestampOrder_ReaderAndWriterAtOneTimestamp_IsFound()
    {
        new Script().Begin(0).Begin(1).OkAt(0, 10, Write("x", 1)).OkAt(1, 9, Read("x", null)).IsClean();
        new Script().Begin(0).Begin(1).OkAt(0, 10, Write("x", 1)).OkAt(1, 10, Read("x", null)).Shows(AnomalyKind.TimestampOrder);
    }

    [Fact]
    public void TimestampOrder_VersionBelowATimestampThatWasServed_IsFound()
    {
        // It deletes what isn't there: no read can tell, and yet the snapshot was answered too early.
        Script Writing(long at) => new Script().Snapshot(0, 20, Read("x", null), Read("z", null)).RunAt(1, at, Write("x", null));

        Writing(21).IsClean();
        Assert.Contains("began when T0 had read it at 20", Writing(20).Shows(
            Serializable, AnomalyKind.TimestampOrder).Anomalies[0].Explanation);
        new Script().Begin(1).Snapshot(0, 20, Read("x", null)).OkAt(1, 20, Write("x", null)).IsClean();
        new Script().Snapshot(0, 20, Read("x", null)).RunAt(1, 20, Write("y", null)).IsClean();
    }

    [Fact]
    public void ExternalConsistency_LaterTransactionWithALowerTimestamp_IsFound()
    {
        new Script().RunAt(0, 10, Append("x", 1)).RunAt(1, 11, Append("y", 1)).IsClean();
        Script backwards = new Script().RunAt(0, 10, Append("x", 1)).RunAt(1, 10, Append("y", 1));
        backwards.Shows(AnomalyKind.ExternalConsistency);
        backwards.IsClean(Serializable);
        new Script().Begin(0).Begin(1).OkAt(0, 10, Append("x", 1)).OkAt(1, 5, Append("y", 1)).IsClean();
    }

    // Nobody was told yet, but a reader saw it: its timestamp has passed.
    [Fact]
    public void ExternalConsistency_BelowWhatWasSeen_IsFound()
    {
        Script Later(long at) => new Script().Begin(0).Run(1, List("x", 1)).RunAt(2, at, Append("y", 1)).OkAt(0, 10, Append("x", 1));

        Later(11).IsClean();
        Assert.Contains("T0, committed at 10, had been seen by T1, which ended before T3 began, and T3 committed at 10",
            Later(10).Shows(AnomalyKind.ExternalConsistency).Anomalies[0].Explanation);
    }

    [Fact]
    public void ExternalConsistency_SnapshotBelowWhatWasAcknowledged_IsFound()
    {
        new Script().RunAt(0, 10, Append("x", 1)).Snapshot(1, 10, List("y")).IsClean();
        new Script().RunAt(0, 10, Append("x", 1)).Snapshot(1, 9, List("y")).Shows(AnomalyKind.ExternalConsistency);
        new Script().RunAt(0, 10, Append("x", 1)).StaleSnapshot(1, 9, List("y")).IsClean();
    }

    // S1: a snapshot's timestamp may be ahead of what begins after it has ended, elsewhere.
    [Fact]
    public void ExternalConsistency_AfterASnapshotAhead_IsKept() =>
        new Script().Snapshot(0, 100, List("x")).RunAt(1, 95, Append("y", 1)).Snapshot(0, 99, List("y", 1)).IsClean();

    [Fact]
    public void LostUpdate_OfRegistersByTimestamps_IsFound() =>
        new Script().Begin(0).Begin(1).OkAt(0, 10, Read("x", null), Write("x", 1)).OkAt(1, 20, Read("x", null), Write("x", 2))
            .Shows(AnomalyKind.TimestampRead, AnomalyKind.LostUpdate, AnomalyKind.GSingle, AnomalyKind.GSingleTimestamp);

    // Without timestamps nobody knows which of two equal values was read.
    [Fact]
    public void Read_OfAValueWrittenTwice_IsTheNewestAtItsTimestamp()
    {
        CheckResult result = new Script().RunAt(0, 10, Write("x", 1)).RunAt(0, 20, Write("x", 1)).Snapshot(0, 30, Read("x", 1)).Check();
        Assert.True(result.IsValid, result.ToString());
        Assert.Equal(0, result.Counters.UnresolvedReads);
        Assert.Equal(1, result.Counters.TimestampedReads);
    }

    [Fact]
    public void LostWrite_ByTimestamps_IsFound() =>
        Assert.True(new Script().Begin(0).Begin(1).OkAt(0, 10, Write("x", 1)).OkAt(1, 20, Write("x", 2)).Run(2, Read("x", 1)).Check()
            .Has(AnomalyKind.LostWrite));
}
