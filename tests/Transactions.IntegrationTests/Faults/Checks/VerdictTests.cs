using Transactions.Histories;
using Xunit;

namespace Transactions.IntegrationTests.Faults;

/// <summary>The harness can fail: what it must find is found when it is put there.</summary>
[Trait("Category", "Faults")]
public sealed class VerdictTests
{
    [Fact]
    public void OnLists_AcknowledgedAppendsAllRead_NothingIsWrong() => Assert.Empty(Verdict.OnLists(Appends(lost: null)));

    [Fact]
    public void OnLists_AcknowledgedAppendLost_IsTold()
    {
        string wrong = Assert.Single(Verdict.OnLists(Appends(lost: 3)));
        Assert.Contains("lost-write", wrong, StringComparison.Ordinal);
    }

    [Fact]
    public void OnLists_NobodyReadsAtTheEnd_IsTold()
    {
        HistoryRecorder recorder = new();
        recorder.Invoke(1, 0, Operation.Append("east:a", 1));
        recorder.Ok(1, 0, [Operation.Append("east:a", 1)], commit: 10);

        Assert.Contains("nobody read", Assert.Single(Verdict.OnLists(recorder.ToHistory())), StringComparison.Ordinal);
    }

    [Fact]
    public void OnLists_ClientMisremembersItsAbort_IsTold()
    {
        HistoryRecorder recorder = new();
        recorder.Invoke(1, 0, Operation.Append("east:a", 1));
        recorder.Fail(1, 0);
        Read(recorder, [1], commit: 20);

        Assert.Contains("G1a", Assert.Single(Verdict.OnLists(recorder.ToHistory())), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(60, 40, false)]
    [InlineData(60, 39, true)]
    [InlineData(110, -10, true)]
    public void OnBank_TotalOrBalanceIsWrong_IsTold(long left, long right, bool isWrong)
    {
        HistoryRecorder recorder = new();
        recorder.Invoke(1, 0);
        recorder.Ok(1, 0, [Operation.Write("east:0", left), Operation.Write("west:0", right)], commit: 10);
        recorder.Invoke(1, 0);
        recorder.OkSnapshot(1, 0, [Operation.Read("east:0", left), Operation.Read("west:0", right)], snapshot: 20);

        IReadOnlyList<string> wrong = Verdict.OnBank(recorder.ToHistory(), ["east:0", "west:0"], total: 100);
        Assert.Equal(isWrong, wrong.Any(line => line.Contains("bank-total", StringComparison.Ordinal)));
    }

    private static History Appends(long? lost)
    {
        HistoryRecorder recorder = new();
        List<long> list = [];
        for (long element = 1; element <= 3; element++)
        {
            recorder.Invoke(1, 0, Operation.Append("east:a", element));
            recorder.Ok(1, 0, [Operation.Read("east:a", [.. list]), Operation.Append("east:a", element)], commit: element * 10);
            if (element != lost)
            {
                list.Add(element);
            }
        }

        Read(recorder, [.. list], commit: 100);
        return recorder.ToHistory();
    }

    private static void Read(HistoryRecorder recorder, long[] elements, long commit)
    {
        recorder.Invoke(2, 0);
        recorder.Ok(2, 0, [Operation.Read("east:a", [.. elements])], commit);
    }
}
