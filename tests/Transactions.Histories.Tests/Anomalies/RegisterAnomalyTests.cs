using static Transactions.Histories.Tests.Script;

namespace Transactions.Histories.Tests.Anomalies;

public sealed class RegisterAnomalyTests
{
    private static readonly CheckOptions Serializable = new() { Model = ConsistencyModel.Serializable, FinalReads = false };

    [Fact]
    public void Internal_ReadAfterOwnWriteDiffers_IsFound()
    {
        new Script().Run(0, Write("x", 1), Read("x", 1)).IsClean();
        new Script().Run(0, Write("x", 1), Read("x", null)).Shows(AnomalyKind.Internal);
    }

    [Fact]
    public void Internal_TwoReadsDiffer_IsFound()
    {
        new Script().Begin(1).Run(0, Write("x", 1)).Ok(1, Read("x", null), Read("x", null)).IsClean();
        new Script().Begin(1).Run(0, Write("x", 1)).Ok(1, Read("x", null), Read("x", 1)).Shows(AnomalyKind.Internal);
    }

    [Fact]
    public void Internal_ReadOfOwnLaterWrite_IsFound() =>
        new Script().Run(0, Read("x", 1), Write("x", 1)).Shows(AnomalyKind.Internal);

    [Fact]
    public void GarbageRead_ValueThatNobodyWrote_IsFound()
    {
        new Script().Run(0, Write("x", 1)).Run(0, Read("x", 1)).IsClean();
        new Script().Run(0, Write("x", 1)).Run(0, Read("x", 7)).Shows(AnomalyKind.GarbageRead);
    }

    [Fact]
    public void G1a_ReadOfAnAbortedWrite_IsFound()
    {
        new Script().Begin(0, Write("x", 1)).Fail(0).Run(1, Read("x", null)).IsClean();
        new Script().Begin(0, Write("x", 1)).Fail(0).Run(1, Read("x", 1)).Shows(AnomalyKind.G1a);
    }

    // Another may have written the same value: then nothing is proved.
    [Fact]
    public void G1a_OfAValueThatACommittedOneWroteToo_IsNone() =>
        new Script().Begin(0, Write("x", 1)).Fail(0).Run(2, Write("x", 1)).Run(1, Read("x", 1)).IsClean();

    [Fact]
    public void G1b_ReadInTheMiddle_IsFound()
    {
        new Script().Begin(0).Begin(1).Ok(0, Write("x", 1), Write("x", 2)).Ok(1, Read("x", 2)).IsClean();
        new Script().Begin(0).Begin(1).Ok(0, Write("x", 1), Write("x", 2)).Ok(1, Read("x", 1)).Shows(AnomalyKind.G1b);
    }

    [Fact]
    public void DirtyUpdate_WriteOnTopOfAnAbortedOne_IsFound() =>
        new Script().Begin(0, Write("x", 1)).Fail(0).Run(1, Read("x", 1), Write("x", 2)).Shows(AnomalyKind.G1a, AnomalyKind.DirtyUpdate);

    [Fact]
    public void LostUpdate_TwoOverwriteWhatBothRead_IsFound()
    {
        new Script().Begin(0).Begin(1).Ok(0, Read("x", null), Write("x", 1)).Ok(1, Read("x", 1), Write("x", 2)).IsClean();
        new Script().Begin(0).Begin(1).Ok(0, Read("x", null), Write("x", 1)).Ok(1, Read("x", null), Write("x", 2))
            .Shows(AnomalyKind.LostUpdate, AnomalyKind.G2Item);
    }

    [Fact]
    public void LostWrite_LastReadIsOlderThanTheLastWrite_IsFound()
    {
        new Script().Run(0, Write("x", 1)).Run(1, Write("x", 2)).Run(2, Read("x", 2)).IsClean();
        new Script().Run(0, Write("x", 1)).Run(1, Write("x", 2)).Run(2, Read("x", 1))
            .Shows(AnomalyKind.LostWrite, AnomalyKind.StaleRead, AnomalyKind.GSingleRealtime);
        new Script().Run(0, Write("x", 1)).Run(2, Read("x", null))
            .Shows(AnomalyKind.LostWrite, AnomalyKind.StaleRead, AnomalyKind.GSingleRealtime);
    }

    [Fact]
    public void LostWrite_OfAWriteBesideTheOneThatIsRead_IsNone() =>
        new Script().Begin(0).Begin(1).Ok(0, Write("x", 1)).Ok(1, Write("x", 2)).Run(2, Read("x", 1)).IsClean();

    // A deletion in doubt explains that nothing is there.
    [Fact]
    public void LostWrite_WithADeletionInDoubt_IsNone() =>
        new Script().Run(0, Write("x", 1)).Begin(1, Write("x", null)).Info(1).Run(2, Read("x", null)).IsClean();

    [Fact]
    public void StaleRead_ReadsGoBack_IsFound()
    {
        // Nobody says which write was first, but T4 saw 2 and, later, T6 saw 1.
        Script Reading(long second) =>
            new Script().Begin(0).Begin(1).Ok(0, Write("x", 1)).Ok(1, Write("x", 2)).Run(2, Read("x", 2)).Run(3, Read("x", second)).Run(4, Read("x", 2));

        Reading(2).IsClean();
        Reading(1).IsClean(Serializable);
        CheckResult found = Reading(1).Check();
        Assert.True(found.Has(AnomalyKind.G0Realtime), found.ToString());
    }

    // Two writes side by side are both before one that begins after both: whoever read either was before it.
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void GSingleRealtime_AfterTwoWritesSideBySide_IsFound(long seen)
    {
        Script Reading(long value) => new Script().Begin(9).Begin(0).Begin(1).Ok(0, Write("x", 1)).Ok(1, Write("x", 2))
            .Begin(2).Ok(9, Read("x", value), Read("y", 3)).Ok(2, Write("x", 3), Write("y", 3));

        Reading(3).IsClean();
        Reading(seen).Shows(AnomalyKind.GSingleRealtime);
    }

    [Fact]
    public void G0_ByReadsBeforeWrites_IsFound()
    {
        // x: 1 then 2, as T1 read 1 before it wrote 2; y: 2 then 1, as T0 read 2 before it wrote 1.
        new Script().Begin(0).Begin(1)
            .Ok(0, Write("x", 1), Read("y", 2), Write("y", 1)).Ok(1, Read("x", 1), Write("x", 2), Write("y", 2))
            .Shows(AnomalyKind.G0, AnomalyKind.G1c);
    }

    [Fact]
    public void G1c_TwoReadEachOther_IsFound()
    {
        new Script().Begin(0).Begin(1).Ok(0, Write("x", 1), Read("y", null)).Ok(1, Write("y", 1), Read("x", 1)).IsClean();
        new Script().Begin(0).Begin(1).Ok(0, Write("x", 1), Read("y", 1)).Ok(1, Write("y", 1), Read("x", 1)).Shows(AnomalyKind.G1c);
    }

    [Fact]
    public void GSingle_ReadOfHalfATransaction_IsFound() =>
        new Script().Begin(0).Begin(1).Ok(0, Write("x", 1), Write("y", 1)).Ok(1, Read("x", 1), Read("y", null)).Shows(AnomalyKind.GSingle);

    [Fact]
    public void G2Item_WriteSkew_IsFound() =>
        new Script().Begin(0).Begin(1).Ok(0, Read("x", null), Write("y", 1)).Ok(1, Read("y", null), Write("x", 1)).Shows(AnomalyKind.G2Item);

    // Phantoms: each scans a range, finds nothing, and writes into the other's.
    [Fact]
    public void G2_WriteSkewByScans_IsFound()
    {
        Script Second(params (string, long)[] seen) => new Script().Begin(0).Begin(1)
            .Ok(0, Scan("a", "b"), Write("b1", 1)).Ok(1, Scan("b", "c", seen), Write("a1", 1));

        Second(("b1", 1)).IsClean();
        CheckResult found = Second().Shows(AnomalyKind.G2);
        Assert.Contains("T0 -rw[scan without key a1: the initial state before 1]-> T1", found.Anomalies[0].Explanation);
    }

    // Who also asked for the key itself depends on the item, not on a predicate.
    [Fact]
    public void G2Item_WriteSkewByAScanAndARead_IsFound() => new Script().Begin(0).Begin(1)
        .Ok(0, Scan("a", "b"), Read("a1", null), Write("b1", 1)).Ok(1, Scan("b", "c"), Read("b1", null), Write("a1", 1)).Shows(AnomalyKind.G2Item);

    [Fact]
    public void GSingle_ScanMissesHalfATransaction_IsFound()
    {
        Script Scanning(params (string, long)[] seen) => new Script().Begin(0).Begin(1).Ok(0, Write("a", 1), Write("b", 1)).Ok(1, Scan("a", null, seen));

        Scanning(("a", 1), ("b", 1)).IsClean();
        Scanning().IsClean();
        Scanning(("b", 1)).Shows(AnomalyKind.GSingle);
    }

    [Fact]
    public void Scan_OfItsOwnWrites_IsChecked()
    {
        new Script().Run(0, Write("a", 1), Scan("a", "b", ("a", 1))).IsClean();
        new Script().Run(0, Write("a", 1), Write("a", null), Scan("a", "b")).IsClean();
        new Script().Run(0, Write("a", 1), Scan("a", "b")).Shows(AnomalyKind.Internal);
        new Script().Run(0, Scan("a", "b"), Write("a", 1)).Run(0, Scan("a", "b", ("a", 1))).IsClean();
        new Script().Run(0, Write("c", 1)).Run(0, Scan("a", "b", ("c", 1))).Shows(AnomalyKind.Internal);
        new Script().Run(0, Write("a", 1)).Run(0, Scan("a", "b", ("a", 1), ("a", 1))).Shows(AnomalyKind.Internal);
    }

    [Fact]
    public void Scan_OfLists_IsChecked()
    {
        Operation Lists(params ScanEntry[] entries) => Operation.Scan("a", "c", [.. entries]);

        new Script().Run(0, Append("a", 1)).Run(0, Append("b", 2)).Run(1, Lists(new ScanEntry("a", [1]), new ScanEntry("b", [2]))).IsClean();
        Assert.True(new Script().Run(0, Append("a", 1)).Run(0, Append("b", 2)).Run(1, Lists(new ScanEntry("b", [2]))).Check()
            .Has(AnomalyKind.LostWrite));
    }

    // Twice the same value: which of the two was read can't be told, and nothing is made of it.
    [Fact]
    public void Read_OfAValueWrittenTwice_OrdersNothing()
    {
        CheckResult result = new Script().Begin(0).Begin(1).Ok(0, Write("x", 1), Write("y", 2)).Ok(1, Write("x", 1), Write("y", 3))
            .Run(2, Read("x", 1), Read("y", 2)).Check();
        Assert.True(result.IsValid, result.ToString());
        Assert.Equal(1, result.Counters.UnresolvedReads);
    }
}
