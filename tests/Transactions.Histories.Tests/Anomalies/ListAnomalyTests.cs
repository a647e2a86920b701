using static Transactions.Histories.Tests.Script;

namespace Transactions.Histories.Tests.Anomalies;

/// <summary>Each anomaly of lists by the smallest history that has it, beside one that is as close and clean.</summary>
public sealed class ListAnomalyTests
{
    private static readonly CheckOptions Serializable = new() { Model = ConsistencyModel.Serializable, FinalReads = false };

    [Fact]
    public void Internal_ReadWithoutOwnAppend_IsFound()
    {
        new Script().Run(0, List("x"), Append("x", 1), List("x", 1)).IsClean();
        new Script().Run(0, Append("x", 1), List("x")).Shows(AnomalyKind.Internal);
    }

    [Fact]
    public void Internal_TwoReadsOfOneKeyDiffer_IsFound()
    {
        new Script().Run(0, Append("x", 1)).Begin(1).Run(0, Append("x", 2)).Ok(1, List("x", 1), List("x", 1)).IsClean();
        Assert.True(new Script().Run(0, Append("x", 1)).Begin(1).Run(0, Append("x", 2)).Ok(1, List("x", 1), List("x", 1, 2)).Check()
            .Has(AnomalyKind.Internal));
    }

    [Fact]
    public void Internal_ReadOfOwnLaterAppend_IsFound()
    {
        new Script().Run(0, List("x"), Append("x", 1)).Run(0, List("x", 1)).IsClean();
        Assert.True(new Script().Run(0, List("x", 1), Append("x", 1)).Check().Has(AnomalyKind.Internal));
    }

    [Fact]
    public void GarbageRead_ElementThatNobodyAppended_IsFound()
    {
        new Script().Run(0, Append("x", 1)).Run(0, List("x", 1)).IsClean();
        new Script().Run(0, Append("x", 1)).Run(0, List("x", 1, 9)).Shows(AnomalyKind.GarbageRead);
    }

    [Fact]
    public void DuplicateElements_ElementTwice_IsFound()
    {
        new Script().Run(0, Append("x", 1)).Run(0, Append("x", 2)).Run(0, List("x", 1, 2)).IsClean();
        new Script().Run(0, Append("x", 1)).Run(0, Append("x", 2)).Run(0, List("x", 1, 2, 1)).Shows(AnomalyKind.DuplicateElements);
    }

    [Fact]
    public void DuplicateElements_InARead_ThatIsNoBeginningOfTheLongest_IsFound()
    {
        Script script = new Script().Begin(0).Begin(1).Begin(2).Begin(3).Begin(4);
        script.Ok(0, Append("x", 1)).Ok(1, Append("x", 2)).Ok(2, Append("x", 3)).Ok(3, List("x", 1, 1)).Ok(4, List("x", 1, 2, 3));
        script.Shows(AnomalyKind.DuplicateElements, AnomalyKind.IncompatibleOrder);
    }

    [Fact]
    public void IncompatibleOrder_TwoReadsWithoutACommonOrder_IsFound()
    {
        Script Reading(params long[] elements) => new Script().Begin(0).Begin(1).Ok(0, Append("x", 1)).Ok(1, Append("x", 2))
            .Begin(2).Begin(3).Ok(2, List("x", elements)).Ok(3, List("x", 2, 1));

        Reading(2, 1).IsClean();
        Reading(1, 2).Shows(AnomalyKind.IncompatibleOrder);
    }

    [Fact]
    public void IncompatibleOrder_OfOneTransactionsAppends_IsFound()
    {
        Script Reading(params long[] elements) => new Script().Begin(0).Begin(1).Ok(0, Append("x", 1), Append("x", 2)).Ok(1, List("x", elements));

        Reading().IsClean();
        Reading(1, 2).IsClean();
        Reading(2, 1).Shows(AnomalyKind.IncompatibleOrder, AnomalyKind.G1b);
        Reading(2).Shows(AnomalyKind.IncompatibleOrder, AnomalyKind.GSingle);
    }

    [Fact]
    public void G1a_ReadOfAnAbortedAppend_IsFound()
    {
        new Script().Begin(0, Append("x", 1)).Fail(0).Run(1, List("x")).IsClean();
        CheckResult found = new Script().Begin(0, Append("x", 1)).Fail(0).Run(1, List("x", 1)).Shows(AnomalyKind.G1a);
        Assert.Contains("T2 read x as [1], and T0, which appended 1, had aborted", found.Anomalies[0].Explanation);
    }

    [Fact]
    public void G1b_ReadInTheMiddleOfATransaction_IsFound()
    {
        Script Reading(params long[] elements) =>
            new Script().Begin(0).Begin(1).Begin(2).Ok(0, Append("x", 1), Append("x", 2)).Ok(1, List("x", elements)).Ok(2, List("x", 1, 2));

        Reading(1, 2).IsClean();
        Assert.True(Reading(1).Check(Serializable).Has(AnomalyKind.G1b));
    }

    [Fact]
    public void DirtyUpdate_AppendOnTopOfAnAbortedOne_IsFound()
    {
        new Script().Begin(0, Append("x", 1)).Fail(0).Run(1, Append("x", 2)).Run(2, List("x", 2)).IsClean();
        new Script().Begin(0, Append("x", 1)).Fail(0).Run(1, Append("x", 2)).Run(2, List("x", 1, 2))
            .Shows(AnomalyKind.G1a, AnomalyKind.DirtyUpdate);
    }

    [Fact]
    public void LostUpdate_TwoOverwriteWhatBothRead_IsFound()
    {
        Script Second(params long[] seen) => new Script().Begin(0).Begin(1)
            .Ok(0, List("x"), Append("x", 1)).Ok(1, List("x", seen), Append("x", 2)).Run(2, List("x", 1, 2));

        Second(1).IsClean();
        CheckResult found = Second().Shows(AnomalyKind.LostUpdate, AnomalyKind.GSingle);
        Assert.Contains("T0, T1 all read x at the initial state, and all wrote it", found.Anomalies[0].Explanation);
    }

    // Nobody read what they appended: which was first isn't known, and whichever was, the other is lost.
    [Fact]
    public void LostUpdate_OfUnseenAppends_IsFound()
    {
        new Script().Begin(0).Begin(1).Ok(0, List("x"), Append("x", 1)).Ok(1, Append("x", 2)).IsClean();
        new Script().Begin(0).Begin(1).Ok(0, List("x"), Append("x", 1)).Ok(1, List("x"), Append("x", 2))
            .Shows(AnomalyKind.LostUpdate, AnomalyKind.G2Item);
    }

    [Fact]
    public void LostWrite_AcknowledgedAppendThatTheLastReadLacks_IsFound()
    {
        new Script().Run(0, Append("x", 1)).Run(0, Append("x", 2)).Run(0, List("x", 1, 2)).IsClean();
        new Script().Run(0, Append("x", 1)).Run(0, Append("x", 2)).Run(0, List("x", 1))
            .Shows(AnomalyKind.LostWrite, AnomalyKind.StaleRead, AnomalyKind.GSingleProcess);
        new Script().Run(0, Append("x", 1)).Run(1, List("x")).Shows(
            Serializable with { FinalReads = true }, AnomalyKind.LostWrite);
    }

    [Fact]
    public void StaleRead_ReadMissesWhatWasAcknowledged_IsFound()
    {
        new Script().Begin(1).Run(0, Append("x", 1)).Ok(1, List("x")).Run(2, List("x", 1)).IsClean();
        Script stale = new Script().Run(0, Append("x", 1)).Run(1, List("x")).Run(2, List("x", 1));
        stale.Shows(AnomalyKind.StaleRead, AnomalyKind.GSingleRealtime);
        stale.Shows(Serializable);
        stale.Shows(Serializable with { LinearizableKeys = true }, AnomalyKind.StaleRead);
    }

    // The next version is in doubt and never ends; the one after it was acknowledged.
    [Fact]
    public void StaleRead_BehindOneInDoubt_IsFound() =>
        Assert.True(new Script().Begin(0, Append("x", 1)).Info(0).Run(1, Append("x", 2)).Run(2, List("x")).Run(3, List("x", 1, 2)).Check()
            .Has(AnomalyKind.StaleRead));

    [Fact]
    public void StaleRead_ByARequestForThePast_IsNone() =>
        new Script().Run(0, Append("x", 1)).StaleSnapshot(1, null, List("x")).Run(2, List("x", 1)).IsClean();

    [Fact]
    public void G0_TwoKeysInOppositeOrders_IsFound()
    {
        Script Ordered(params long[] y) => new Script().Begin(0).Begin(1)
            .Ok(0, Append("x", 1), Append("y", 1)).Ok(1, Append("x", 2), Append("y", 2)).Run(2, List("x", 1, 2), List("y", y));

        Ordered(1, 2).IsClean();
        CheckResult found = Ordered(2, 1).Shows(AnomalyKind.G0);
        Assert.StartsWith(
            """
            2 transactions, each before the next:
              T0 -ww[key x: 1 before 2]-> T1
              T1 -ww[key y: 2 before 1]-> T0
              T0 (process 0, ok): append x 1; append y 1
            """,
            found.Anomalies[0].Explanation, StringComparison.Ordinal);
        Assert.Equal([DependencyKind.WriteWrite, DependencyKind.WriteWrite], found.Anomalies[0].Cycle.Select(step => step.Kind));
    }

    // Half of a transaction is there: what is missing could only come after what came after the half.
    [Fact]
    public void G0_HalfOfATransaction_IsFound()
    {
        Script script = new Script().Begin(0).Begin(1).Ok(0, Append("x", 1), Append("y", 1)).Ok(1, Append("x", 2), Append("y", 2));
        script.Begin(2).Ok(2, List("x", 1, 2), List("y", 2)).Shows(Serializable, AnomalyKind.G0, AnomalyKind.GSingle);
    }

    [Fact]
    public void G1c_TwoReadEachOther_IsFound()
    {
        Script Reading(params long[] y) => new Script().Begin(0).Begin(1)
            .Ok(0, Append("x", 1), List("y", y)).Ok(1, List("x", 1), Append("y", 1));

        Reading().IsClean();
        Reading(1).Shows(AnomalyKind.G1c);
    }

    [Fact]
    public void GSingle_ReadOfHalfATransaction_IsFound()
    {
        Script Reading(params long[] y) => new Script().Begin(0).Begin(1)
            .Ok(0, Append("x", 1), Append("y", 1)).Ok(1, List("x", 1), List("y", y)).Run(2, List("y", 1));

        Reading(1).IsClean();
        Reading().Shows(AnomalyKind.GSingle);
    }

    [Fact]
    public void G2Item_WriteSkew_IsFound()
    {
        Script Second(params long[] y) => new Script().Begin(0).Begin(1)
            .Ok(0, List("x"), Append("y", 1)).Ok(1, List("y", y), Append("x", 1)).Run(2, List("x", 1), List("y", 1));

        Second(1).IsClean();
        CheckResult found = Second().Shows(AnomalyKind.G2Item);
        Assert.Contains("T0 -rw[key x: the initial state before 1]-> T1", found.Anomalies[0].Explanation);
    }

    // A shorter cycle of a lesser kind among the same transactions doesn't hide the graver one.
    [Fact]
    public void GSingle_LongerThanAWriteSkew_IsFoundBesideIt() => new Script().Begin(0).Begin(1).Begin(2)
        .Ok(0, List("x"), Append("y", 1), List("w", 1)).Ok(1, List("y"), Append("x", 1), Append("z", 1)).Ok(2, List("z", 1), Append("w", 1))
        .Shows(AnomalyKind.GSingle, AnomalyKind.G2Item);

    // T0 is before T1 for process 1, and after it for process 2.
    [Fact]
    public void G2Item_LongFork_IsFound()
    {
        Script Fourth(params long[] x) => new Script().Begin(0).Begin(1).Begin(2).Begin(3)
            .Ok(0, Append("x", 1)).Ok(1, Append("y", 1)).Ok(2, List("x", 1), List("y")).Ok(3, List("x", x), List("y", 1));

        Fourth(1).IsClean();
        Fourth().Shows(AnomalyKind.G2Item);
    }

    [Fact]
    public void Explanation_OfManyAnomalies_StopsAtTheLimitAndCountsAll()
    {
        Script script = new();
        for (int i = 0; i < 5; i++)
        {
            script.Run(0, List($"k{i}", 1));
        }

        CheckResult result = script.Check(new CheckOptions { MaxToldPerKind = 2 });
        Assert.Equal(2, result.Anomalies.Length);
        Assert.Equal(5, result.Found);
        Assert.Throws<ArgumentOutOfRangeException>(() => script.Check(new CheckOptions { MaxToldPerKind = 0 }));
        Assert.Single(script.Check(new CheckOptions { MaxToldPerKind = 1 }).Anomalies);
    }
}
