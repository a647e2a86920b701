namespace Transactions.Histories.Tests;

/// <summary>A history written by hand, one event after another.</summary>
internal sealed class Script
{
    private readonly HistoryRecorder _recorder = HistoryRecorder.SingleThreaded();
    private long _time;

    public Script Begin(int process, params Operation[] planned) => Add(() => _recorder.Invoke(process, ++_time, [.. planned]));

    public Script Ok(int process, params Operation[] done) => Add(() => _recorder.Ok(process, ++_time, [.. done]));

    public Script OkAt(int process, long commit, params Operation[] done) => Add(() => _recorder.Ok(process, ++_time, [.. done], commit));

    public Script Fail(int process, params Operation[] tried) => Add(() => _recorder.Fail(process, ++_time, [.. tried]));

    public Script Info(int process, params Operation[] tried) => Add(() => _recorder.Info(process, ++_time, [.. tried]));

    /// <summary>A transaction with nothing beside it.</summary>
    public Script Run(int process, params Operation[] done) => Begin(process).Ok(process, done);

    public Script RunAt(int process, long commit, params Operation[] done) => Begin(process).OkAt(process, commit, done);

    public Script Snapshot(int process, long at, params Operation[] done) =>
        Begin(process).Add(() => _recorder.OkSnapshot(process, ++_time, [.. done], at));

    public Script StaleSnapshot(int process, long? at, params Operation[] done) =>
        Begin(process).Add(() => _recorder.OkSnapshot(process, ++_time, [.. done], at, isStale: true));

    public Script OkSnapshot(int process, long at, params Operation[] done) =>
        Add(() => _recorder.OkSnapshot(process, ++_time, [.. done], at));

    public History History => _recorder.ToHistory();

    public CheckResult Check(CheckOptions? options = null) => HistoryCheck.Run(History, options);

    /// <summary>Everything is as it should be.</summary>
    public Script IsClean(CheckOptions? options = null)
    {
        CheckResult result = Check(options);
        Assert.True(result.IsValid, result.ToString());
        return this;
    }

    /// <summary>These kinds are found, and no others.</summary>
    public CheckResult Shows(CheckOptions? options, params AnomalyKind[] kinds)
    {
        CheckResult result = Check(options);
        Assert.Equal(kinds.Order(), result.Anomalies.Select(anomaly => anomaly.Kind).Distinct().Order());
        return result;
    }

    public CheckResult Shows(params AnomalyKind[] kinds) => Shows(options: null, kinds);

    /// <summary>A list read.</summary>
    public static Operation List(string key, params long[] elements) => Operation.Read(key, [.. elements]);

    public static Operation Append(string key, long element) => Operation.Append(key, element);

    public static Operation Write(string key, long? value) => Operation.Write(key, value);

    public static Operation Read(string key, long? value) => Operation.Read(key, value);

    public static Operation Scan(string start, string? end, params (string Key, long Value)[] entries) =>
        Operation.Scan(start, end, [.. entries.Select(entry => new ScanEntry(entry.Key, entry.Value))]);

    private Script Add(Action step)
    {
        step();
        return this;
    }
}
