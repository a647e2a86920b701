using static Transactions.Histories.Tests.Script;

namespace Transactions.Histories.Tests;

public sealed class HistoryTests
{
    [Fact]
    public void History_ProcessBeginsTwice_IsRefused() =>
        Assert.Throws<HistoryFormatException>(() => new Script().Begin(0).Begin(0).History);

    [Fact]
    public void History_ProcessEndsWhatItDidNotBegin_IsRefused() =>
        Assert.Throws<HistoryFormatException>(() => new Script().Begin(0).Ok(1).History);

    [Fact]
    public void History_IndexesThatDoNotRise_AreRefused()
    {
        HistoryEvent e = new(4, EventType.Invoke, 0, 0, []);
        Assert.Throws<HistoryFormatException>(() => new History([e, e with { Process = 1 }]));
        Assert.Equal(2, new History([e, e with { Process = 1, Index = 5 }]).Events.Length);
    }

    [Fact]
    public void History_FieldsWithoutMeaning_AreRefused()
    {
        HistoryEvent begin = new(0, EventType.Invoke, 0, 0, []);
        HistoryEvent ok = new(1, EventType.Ok, 0, 0, [Append("x", 1)]);
        Assert.Throws<HistoryFormatException>(() => new History([begin, ok with { Snapshot = 1 }]));
        Assert.Throws<HistoryFormatException>(() => new History([begin, ok with { IsStale = true }]));
        Assert.Throws<HistoryFormatException>(() => new History([begin, ok with { Operations = [], Snapshot = 1, Commit = 1 }]));
        Assert.Throws<HistoryFormatException>(() => new History([begin, ok with { Operations = [Operation.Scan("a", null)] }]));
        Assert.Throws<HistoryFormatException>(() => new History([begin, ok with { Operations = [default] }]));
        Assert.Throws<HistoryFormatException>(() => new History([begin, ok with { Operations = default }]));
        Assert.Throws<HistoryFormatException>(() => new History([begin with { Type = EventType.Unspecified }]));
    }

    [Fact]
    public void Check_KeyAsListAndRegister_IsRefused() =>
        Assert.Throws<HistoryFormatException>(() => new Script().Run(0, Append("x", 1)).Run(0, Write("x", 1)).Check());

    [Fact]
    public void Check_ElementAppendedTwice_IsRefused() =>
        Assert.Throws<HistoryFormatException>(() => new Script().Begin(0, Append("x", 1)).Fail(0).Run(0, Append("x", 1)).Check());

    [Fact]
    public void Check_Empty_IsClean() => Assert.True(new Script().Check().IsValid);

    [Fact]
    public async Task Recorder_OfManyThreads_KeepsEachProcessInOrder()
    {
        HistoryRecorder recorder = new();
        await Task.WhenAll(Enumerable.Range(0, 8).Select(process => Task.Run(() =>
        {
            for (int i = 0; i < 500; i++)
            {
                recorder.Invoke(process, i, Append($"k{process}", i));
                recorder.Ok(process, i, [Append($"k{process}", i)]);
            }
        })));

        History history = recorder.ToHistory();
        Assert.Equal(8_000, history.Events.Length);
        Assert.Equal(Enumerable.Range(0, 8_000).Select(i => (long)i), history.Events.Select(e => e.Index));
        Assert.True(HistoryCheck.Run(history).IsValid);
    }

    [Theory]
    [InlineData("a", "b")]
    [InlineData("a", "aa")]
    [InlineData("z", "é")]
    [InlineData("\uffff", "\U0001f600")]
    public void KeyOrder_IsThatOfUtf8Bytes(string lower, string higher)
    {
        Assert.True(KeyOrder.Instance.Compare(lower, higher) < 0);
        Assert.True(KeyOrder.Instance.Compare(higher, lower) > 0);
        Assert.Equal(0, KeyOrder.Instance.Compare(lower, lower));
        Assert.True(KeyOrder.IsInRange(lower, lower, higher));
        Assert.False(KeyOrder.IsInRange(higher, lower, higher));
        Assert.True(KeyOrder.IsInRange(higher, lower, null));
    }
}
