using static Transactions.Histories.Tests.Script;

namespace Transactions.Histories.Tests.Anomalies;

/// <summary>Cycles that need the order of processes or of real time: serializable, and wrong all the same.</summary>
public sealed class OrderAnomalyTests
{
    private static readonly CheckOptions Serializable = new() { Model = ConsistencyModel.Serializable, FinalReads = false };
    private static readonly CheckOptions Sessions = Serializable with { ProcessOrder = true };

    [Fact]
    public void G0Realtime_LaterAppendStandsFirst_IsFound()
    {
        Script Reading(params long[] x) => new Script().Run(0, Append("x", 1)).Run(1, Append("x", 2)).Run(2, List("x", x));

        Reading(1, 2).IsClean();
        Reading(2, 1).IsClean(Serializable);
        Assert.Contains("T0 -realtime[1 before 2]-> T2", Reading(2, 1).Shows(AnomalyKind.G0Realtime).Anomalies[0].Explanation);
    }

    [Fact]
    public void G0Process_LaterAppendOfTheProcessStandsFirst_IsFound()
    {
        Script script = new Script().Run(0, Append("x", 1)).Run(0, Append("x", 2)).Run(1, List("x", 2, 1));
        script.IsClean(Serializable);
        script.Shows(Sessions, AnomalyKind.G0Process);
        script.Shows(AnomalyKind.G0Process);
    }

    [Fact]
    public void G1cRealtime_ReadOfTheFuture_IsFound()
    {
        Script script = new Script().Run(0, List("x", 1)).Run(1, Append("x", 1));
        script.IsClean(Serializable);
        script.Shows(AnomalyKind.G1cRealtime);
    }

    [Fact]
    public void G1cProcess_ReadOfTheProcessesFuture_IsFound()
    {
        Script script = new Script().Run(0, List("x", 1)).Run(0, Append("x", 1));
        script.IsClean(Serializable);
        script.Shows(Sessions, AnomalyKind.G1cProcess);
        script.Shows(AnomalyKind.G1cProcess);
    }

    [Fact]
    public void GSingleRealtime_OverTwoKeys_IsFound()
    {
        // T0 and T2 never touch one key, but T4 sees that T2 was before T0.
        Script Reading(params long[] x) => new Script().Begin(4).Run(0, Append("x", 1)).Run(1, Append("y", 1)).Ok(4, List("x", x), List("y", 1));

        Reading(1).IsClean();
        Reading().IsClean(Serializable);
        Reading().Shows(AnomalyKind.GSingleRealtime);
    }

    [Fact]
    public void GSingleProcess_ReadsGoBack_IsFound()
    {
        Script script = new Script().Begin(0).Ok(0, Append("x", 1)).Run(1, List("x", 1)).Run(1, List("x"));
        script.IsClean(Serializable);
        script.Shows(Sessions, AnomalyKind.GSingleProcess);
    }

    [Fact]
    public void G2ItemRealtime_TwoOverwrites_IsFound()
    {
        Script script = new Script().Begin(0).Begin(1)
            .Ok(0, List("x"), Append("a", 1)).Begin(2).Ok(1, List("b"), Append("x", 1)).Ok(2, Append("b", 1));
        script.IsClean();

        // T0 -rw-> T1 -rw-> T2, and T2 had ended before T0 began.
        Script late = new Script().Begin(1).Run(2, Append("b", 1)).Begin(0).Ok(1, List("b"), Append("x", 1)).Ok(0, List("x"));
        late.IsClean(Serializable);
        late.Shows(AnomalyKind.G2ItemRealtime);
    }

    [Fact]
    public void G2ItemProcess_TwoOverwrites_IsFound()
    {
        Script late = new Script().Begin(1).Run(0, Append("b", 1)).Begin(0).Ok(1, List("b"), Append("x", 1)).Ok(0, List("x"));
        late.IsClean(Serializable);
        late.Shows(Sessions, AnomalyKind.G2ItemProcess);
    }

    [Fact]
    public void G2Realtime_PhantomsOverTime_IsFound()
    {
        Script late = new Script().Begin(1).Run(2, Write("b", 1)).Begin(0).Ok(1, Scan("b", "c"), Write("x", 1)).Ok(0, Scan("x", "y"));
        late.IsClean(Serializable);
        late.Shows(AnomalyKind.G2Realtime);
    }

    [Fact]
    public void G2Process_PhantomsInAProcess_IsFound()
    {
        Script late = new Script().Begin(1).Run(0, Write("b", 1)).Begin(0).Ok(1, Scan("b", "c"), Write("x", 1)).Ok(0, Scan("x", "y"));
        late.Shows(Sessions, AnomalyKind.G2Process);
    }

    // One in doubt ends at no time: it may take effect after all that follows, in its own process too.
    [Fact]
    public void Realtime_AfterOneInDoubt_OrdersNothing() =>
        new Script().Begin(0, Append("x", 1)).Info(0).Run(0, Append("x", 2)).Run(1, List("x", 2)).Run(0, List("x", 2, 1)).IsClean();

    [Fact]
    public void Realtime_BeforeOneInDoubt_Orders() =>
        new Script().Run(0, Append("x", 1)).Begin(1, Append("x", 2)).Info(1).Run(2, List("x", 2, 1)).Shows(AnomalyKind.G0Realtime);

    [Fact]
    public void Realtime_OverManyTransactions_IsFollowed()
    {
        Script script = new Script().Run(0, Append("x", 1));
        for (int i = 0; i < 50; i++)
        {
            script.Run(1 + (i % 3), Append("other", i));
        }

        CheckResult found = script.Run(7, Append("x", 2)).Run(8, List("x", 2, 1)).Shows(AnomalyKind.G0Realtime);
        Assert.Equal(2, found.Anomalies[0].Cycle.Length);
    }
}
