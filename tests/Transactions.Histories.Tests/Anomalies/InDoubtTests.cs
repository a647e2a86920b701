using static Transactions.Histories.Tests.Script;

namespace Transactions.Histories.Tests.Anomalies;

/// <summary>In doubt: seen means committed, all of it; unseen may mean either.</summary>
public sealed class InDoubtTests
{
    [Fact]
    public void InDoubt_Unseen_MayBeAbsent()
    {
        CheckResult result = new Script().Begin(0, Append("x", 1)).Info(0).Run(1, Append("x", 2)).Run(1, List("x", 2)).Check();
        Assert.True(result.IsValid, result.ToString());
        Assert.Equal(1, result.Counters.InDoubtUnseen);
        Assert.Equal(2, result.Counters.Committed);
    }

    [Fact]
    public void InDoubt_Seen_IsCommitted()
    {
        CheckResult result = new Script().Begin(0, Append("x", 1)).Info(0).Run(1, Append("x", 2)).Run(1, List("x", 2, 1)).Check();
        Assert.True(result.IsValid, result.ToString());
        Assert.Equal(0, result.Counters.InDoubtUnseen);
        Assert.Equal(3, result.Counters.Committed);
    }

    [Fact]
    public void InDoubt_HalfSeen_IsFound()
    {
        new Script().Begin(0, Append("x", 1), Append("y", 1)).Info(0).Run(1, List("x", 1), List("y", 1)).IsClean();
        new Script().Begin(0, Append("x", 1), Append("y", 1)).Info(0).Run(1, List("x"), List("y")).IsClean();
        new Script().Begin(0, Append("x", 1), Append("y", 1)).Info(0).Run(1, List("x", 1), List("y")).Shows(AnomalyKind.GSingle);
        new Script().Begin(0, Write("x", 1), Write("y", 1)).Info(0).Run(1, Read("x", 1), Read("y", null)).Shows(AnomalyKind.GSingle);
    }

    [Fact]
    public void InDoubt_SeenAndThenGone_IsFound()
    {
        new Script().Begin(0, Append("x", 1)).Info(0).Run(1, List("x")).Run(2, List("x", 1)).IsClean();
        new Script().Begin(0, Append("x", 1)).Info(0).Run(1, List("x", 1)).Run(2, List("x")).Shows(AnomalyKind.GSingleRealtime);
        new Script().Begin(0, Write("x", 1)).Info(0).Run(1, Read("x", 1)).Run(2, Read("x", null)).Shows(AnomalyKind.GSingleRealtime);
    }

    [Fact]
    public void InDoubt_NeverEnded_IsLikeInfo()
    {
        new Script().Begin(0, Append("x", 1)).Run(1, List("x")).Run(2, List("x", 1)).IsClean();
        new Script().Begin(0, Append("x", 1)).Run(1, List("x")).IsClean();
    }

    [Fact]
    public void InDoubt_OperationsOfItsEnd_CountBeforeThePlan()
    {
        new Script().Begin(0, Append("x", 1)).Info(0, Append("x", 2)).Run(1, List("x", 2)).IsClean();
        new Script().Begin(0, Append("x", 1)).Info(0, Append("x", 2)).Run(1, List("x", 1)).Shows(AnomalyKind.GarbageRead);
    }

    [Fact]
    public void InDoubt_WithTheTimestampItWouldHave_IsHeldToIt()
    {
        HistoryRecorder Recorded(params long[] seen)
        {
            HistoryRecorder recorder = new();
            recorder.Invoke(0, 0, Append("x", 1));
            recorder.Info(0, 1);
            recorder.Invoke(1, 2);
            recorder.OkSnapshot(1, 3, [List("x", seen)], 9);
            return recorder;
        }

        Assert.True(HistoryCheck.Run(Recorded().ToHistory()).IsValid);
        History early = new(Recorded(1).ToHistory().Events.Select(e => e.Type == EventType.Info ? e with { Commit = 10 } : e));
        Assert.True(HistoryCheck.Run(early).Has(AnomalyKind.SnapshotRead));
    }

    // Two in doubt may have deleted it, or none: nothing can be said of who was seen.
    [Fact]
    public void InDoubt_DeletionThatExplainsARead_ProvesNothing()
    {
        CheckResult result = new Script().Run(0, Write("x", 1)).Begin(1, Write("x", null)).Info(1).Run(2, Read("x", null)).Run(2, Read("x", 1)).Check();
        Assert.True(result.IsValid, result.ToString());
        Assert.Equal(1, result.Counters.UnresolvedReads);
    }
}
