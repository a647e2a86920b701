using System.Text;
using static Transactions.Histories.Tests.Script;

namespace Transactions.Histories.Tests;

public sealed class JsonTests
{
    private static History Mixed
    {
        get
        {
            HistoryRecorder recorder = HistoryRecorder.SingleThreaded();
            recorder.Invoke(0, 10, Append("x", 1), Operation.Read("y"), Operation.Scan("a", null));
            recorder.Ok(0, 20, [Append("x", 1), List("y"), Scan("a", null)], commit: long.MaxValue);
            recorder.Invoke(0, 21, Write("é\"\n", -1), Write("d", null));
            recorder.Invoke(1, 22);
            recorder.Info(0, 23);
            recorder.OkSnapshot(1, 24, [List("x", 1), Read("d", 5), Operation.Scan("a", "b", [new("a1", 7), new("a2", [1, 2])])], snapshot: 3, isStale: true);
            recorder.Invoke(0, 25, Append("x", 2));
            recorder.Fail(0, 26, Append("x", 2), Append("x", 3));
            return recorder.ToHistory();
        }
    }

    [Fact]
    public void Lines_ReadBack_AreTheSameHistory()
    {
        string text = HistoryWriter.ToText(Mixed);
        Assert.Equal(8, text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        History read = HistoryReader.FromText(text);
        Assert.Equal(Mixed.Events.AsEnumerable(), read.Events);
        Assert.Equal(text, HistoryWriter.ToText(read));
        Assert.Equal("""{"index":0,"type":"invoke","f":"txn","process":0,"time":10,"value":[["append","x",1],["r","y",null],["scan",["a",null],null]]}""",
            text.Split('\n')[0]);
        Assert.Contains("""["scan",["a","b"],[["a1",7],["a2",[1,2]]]]],"snapshot":3,"stale":true}""", text);
    }

    [Fact]
    public void Array_IsPlain()
    {
        string text = HistoryWriter.ToText(Mixed, HistoryFormat.PlainArray);
        Assert.Equal(
            """
            [{"index":0,"type":"invoke","f":"txn","process":0,"time":10,"value":[["append","x",1],["r","y",null]]},
            {"index":1,"type":"ok","f":"txn","process":0,"time":20,"value":[["append","x",1],["r","y",null]]},
            {"index":2,"type":"invoke","f":"txn","process":0,"time":21,"value":[["w","é\"\n",-1],["w","d",null]]},
            {"index":3,"type":"info","f":"txn","process":0,"time":23,"value":[["w","é\"\n",-1],["w","d",null]]},
            {"index":4,"type":"invoke","f":"txn","process":2,"time":25,"value":[["append","x",2]]},
            {"index":5,"type":"fail","f":"txn","process":2,"time":26,"value":[["append","x",2],["append","x",3]]}]

            """,
            text);
        Assert.Equal(6, HistoryReader.FromText(text).Events.Length);
    }

    [Fact]
    public void Array_OfAScan_HasReadsOfWhatItReturned()
    {
        string text = HistoryWriter.ToText(new Script().Run(0, Scan("a", "b", ("a1", 1))).History, HistoryFormat.PlainArray);
        Assert.Contains("""[["r","a1",1]]""", text);
    }

    // The example of Elle's paper, as its command line takes it: keys are numbers, and there is neither time nor function.
    [Fact]
    public void Read_OfAnOutsideHistory_FindsItsAnomalies()
    {
        History history = HistoryReader.FromText(
            """
            [{"index":0,"process":1,"type":"invoke","value":[["append",253,1],["append",253,3],["append",253,4],["append",255,2],["append",255,3]]},
            {"index":1,"process":1,"type":"ok","value":[["append",253,1],["append",253,3],["append",253,4],["append",255,2],["append",255,3]]},
            {"index":2,"process":2,"type":"invoke","value":[["append",255,8],["r",253,null]]},
            {"index":3,"process":3,"type":"invoke","value":[["append",256,4],["r",255,null]]},
            {"index":4,"process":2,"type":"ok","value":[["append",255,8],["r",253,[1,3,4]]]},
            {"index":5,"process":4,"type":"invoke","value":[["append",256,3],["r",255,null]]},
            {"index":6,"process":3,"type":"ok","value":[["append",256,4],["r",255,[2,3,8]]]},
            {"index":7,"process":4,"type":"ok","value":[["append",256,3],["r",255,[2,3]]]},
            {"index":8,"process":1,"type":"invoke","value":[["r",256,null]]},
            {"index":9,"process":1,"type":"ok","value":[["r",256,[4,3]]]}]
            """);
        CheckResult result = HistoryCheck.Run(history, new CheckOptions { Model = ConsistencyModel.Serializable, FinalReads = false });
        Assert.Equal(AnomalyKind.GSingle, Assert.Single(result.Anomalies).Kind);
    }

    [Fact]
    public void Read_OfUnknownFieldsAndProcesses_LeavesThemOut()
    {
        History history = HistoryReader.FromText(
            """
            {"type":"info","process":"nemesis","f":"start","value":{"what":["partition"]}}
            {"type":"invoke","process":0,"error":[1,{"a":2}],"value":[],"commit":null}
            """);
        Assert.Equal(new HistoryEvent(0, EventType.Invoke, 0, 0, []), Assert.Single(history.Events));
    }

    [Theory]
    [InlineData("[1]")]
    [InlineData("7")]
    [InlineData("[")]
    [InlineData("""{"type":"invoke","process":0,"value":[["append","x",1]""")]
    [InlineData("""{"type":"invoke","process":0,"value":[["cas","x",1]]}""")]
    [InlineData("""{"type":"invoke","process":0,"value":[["append","x",null]]}""")]
    [InlineData("""{"type":"invoke","process":0,"value":[["append","x",1.5]]}""")]
    [InlineData("""{"type":"invoke","process":0,"value":[["append",null,1]]}""")]
    [InlineData("""{"type":"invoke","process":0,"value":[["append","x",1,2]]}""")]
    [InlineData("""{"type":"invoke","process":0,"value":[["scan",["a"],[]]]}""")]
    [InlineData("""{"type":"invoke","process":0,"value":[["scan",["a","b"],[["a",null]]]]}""")]
    [InlineData("""{"type":"invoke","process":0,"value":[["scan",["a","b"],[["a",[]]]]]}""")]
    [InlineData("""{"type":"invoke","process":0,"value":7}""")]
    [InlineData("""{"type":"begin","process":0,"value":[]}""")]
    [InlineData("""{"type":3,"process":0,"value":[]}""")]
    [InlineData("""{"process":0,"value":[]}""")]
    [InlineData("""{"type":"invoke","process":99999999999,"value":[]}""")]
    [InlineData("""{"type":"invoke","process":0,"value":[],"commit":"now"}""")]
    [InlineData("""{"type":"ok","process":0,"value":[]}""")]
    public void Read_OfWhatIsNoHistory_IsRefused(string json) =>
        Assert.Throws<HistoryFormatException>(() => HistoryReader.FromText(json));

    [Theory]
    [InlineData("")]
    [InlineData("\n")]
    [InlineData("[]")]
    public void Read_OfNothing_IsEmpty(string json) => Assert.Empty(HistoryReader.FromText(json).Events);

    // Events longer than the buffer, and pieces that end anywhere.
    [Fact]
    public void Read_InPieces_IsTheSame()
    {
        HistoryRecorder recorder = new();
        long[] list = [];
        for (int i = 0; i < 200; i++)
        {
            list = [.. list, .. Enumerable.Range(0, 100).Select(j => 1_000_000_000_000L + (i * 100) + j)];
            recorder.Invoke(0, i);
            recorder.Ok(0, i, [List("x", i == 150 ? list : list[^10..])]);
        }

        History history = recorder.ToHistory();
        byte[] text = Encoding.UTF8.GetBytes(HistoryWriter.ToText(history));
        using SlowStream stream = new(text, 777);
        Assert.Equal(history.Events.AsEnumerable(), HistoryReader.Read(stream).Events);
        byte[] array = Encoding.UTF8.GetBytes(HistoryWriter.ToText(history, HistoryFormat.PlainArray));
        using SlowStream slow = new(array, 1_001);
        Assert.Equal(history.Events.AsEnumerable(), HistoryReader.Read(slow).Events);
    }

    private sealed class SlowStream(byte[] bytes, int piece) : MemoryStream(bytes)
    {
        public override int Read(Span<byte> buffer) => base.Read(buffer[..Math.Min(piece, buffer.Length)]);
    }
}
