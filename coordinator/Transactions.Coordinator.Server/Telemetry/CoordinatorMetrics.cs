using System.Diagnostics;
using System.Diagnostics.Metrics;
using NodaTime;
using Transactions.Clocks;
using Transactions.Coordinator.Server.Driving;
using Transactions.Model;

namespace Transactions.Coordinator.Server.Telemetry;

// One meter and one activity source per coordinator, named as OpenTelemetry names things. README.md lists what they mean.
internal sealed class CoordinatorMetrics : IDisposable
{
    public const string Name = "Transactions.Coordinator";

    private readonly Meter _meter;
    private readonly Counter<long> _begun;
    private readonly Counter<long> _ended;
    private readonly Counter<long> _refused;
    private readonly Counter<long> _undelivered;
    private readonly Counter<long> _framesReceived;
    private readonly Counter<long> _framesSent;
    private readonly Histogram<double> _commitDuration;
    private readonly Histogram<double> _commitWait;
    private readonly Histogram<long> _batchSize;
    private readonly Histogram<double> _recordDuration;

    public CoordinatorMetrics(IMeterFactory meters, IBoundedClock clock)
    {
        _meter = meters.Create(Name);
        _begun = _meter.CreateCounter<long>(
            "transactions.coordinator.begun", "{transaction}", "Contexts given out by Begin; our own library makes them itself.");
        _ended = _meter.CreateCounter<long>(
            "transactions.coordinator.ended", "{transaction}", "Transactions that ended here, by outcome and abort reason.");
        _refused = _meter.CreateCounter<long>(
            "transactions.coordinator.refused", "{call}", "Calls and streams refused, by method and reason.");
        _undelivered = _meter.CreateCounter<long>(
            "transactions.coordinator.outcome.undelivered", "{outcome}", "Commits that a writer hasn't applied after many repeats.");
        _framesReceived = _meter.CreateCounter<long>(
            "transactions.coordinator.frames.received", "{frame}", "Frames that participants sent.");
        _framesSent = _meter.CreateCounter<long>(
            "transactions.coordinator.frames.sent", "{frame}", "Frames sent to participants.");
        _commitDuration = _meter.CreateHistogram<double>(
            "transactions.coordinator.commit.duration", "s", "From the arrival of a Commit to its answer.", tags: null, Latencies);
        _commitWait = _meter.CreateHistogram<double>(
            "transactions.coordinator.commit_wait.duration", "s",
            "How far ahead the timestamp lay when its commit-wait began; waits that end together count once.", tags: null, Latencies);
        _batchSize = _meter.CreateHistogram<long>(
            "transactions.coordinator.record.batch_size", "{decision}", "Decisions in one commit of the log.", tags: null, BatchSizes);
        _recordDuration = _meter.CreateHistogram<double>(
            "transactions.coordinator.record.duration", "s", "How long one commit of the log took, by result.", tags: null, Latencies);
        _meter.CreateObservableGauge("transactions.coordinator.clock.uncertainty", () => Uncertainty(clock), "s",
            "Half the width of the clock's bounds; nothing while it is unhealthy.");
        _meter.CreateObservableGauge("transactions.coordinator.clock.healthy", () => clock.Read().IsHealthy ? 1 : 0, "{boolean}",
            "1 while the clock's bounds hold.");
    }

    public static ActivitySource Activities { get; } = new(Name);

    private static InstrumentAdvice<double> Latencies { get; } = new()
    {
        HistogramBucketBoundaries = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10],
    };

    private static InstrumentAdvice<long> BatchSizes { get; } = new() { HistogramBucketBoundaries = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512] };

    public void WatchClients(Func<int> count) => _meter.CreateObservableGauge(
        "transactions.coordinator.clients", count, "{client}", "Clients' streams that are open.");

    public void Watch(CoordinatorDriver driver)
    {
        _meter.CreateObservableGauge("transactions.coordinator.open", () => driver.View.OpenTransactions, "{transaction}",
            "Transactions held that haven't ended.");
        _meter.CreateObservableGauge("transactions.coordinator.remembered", () => driver.View.RememberedTransactions, "{transaction}",
            "Ended transactions that are remembered until their deadline is past.");
        _meter.CreateObservableGauge("transactions.coordinator.decisions.queued", () => driver.View.QueuedDecisions, "{decision}",
            "Decisions that wait for the log.");
        _meter.CreateObservableGauge("transactions.coordinator.outcome.unapplied", () => driver.View.UndeliveredOutcomes, "{outcome}",
            "Commits that lack a writer's Applied.");
        _meter.CreateObservableGauge("transactions.coordinator.calls", () => driver.OpenCalls, "{call}",
            "Calls under way.");
        _meter.CreateObservableGauge("transactions.coordinator.frames.unhandled", () => driver.UnhandledFrames, "{frame}",
            "Frames of participants that wait for the coordinator.");
        _meter.CreateObservableGauge("transactions.coordinator.participants", () => driver.Links.Count, "{participant}",
            "Participants that are connected.");
        _meter.CreateObservableGauge("transactions.coordinator.shards", () => driver.View.Owners.Length, "{shard}",
            "Shards whose owners are connected.");
        _meter.CreateObservableGauge("transactions.coordinator.log.reachable", () => driver.IsLogReachable ? 1 : 0, "{boolean}",
            "1 while the decision log answers.");
    }

    public void Answered(CoordinatorAnswer answer)
    {
        if (answer is CoordinatorAnswer.Begun)
        {
            _begun.Add(1);
        }
    }

    public void Decided(Outcome outcome)
    {
        if (outcome.IsCommitted)
        {
            _ended.Add(1, new KeyValuePair<string, object?>("transactions.outcome", "committed"));
        }
        else if (_ended.Enabled)
        {
            _ended.Add(
                1,
                new KeyValuePair<string, object?>("transactions.outcome", "aborted"),
                new KeyValuePair<string, object?>("transactions.abort.reason", outcome.Reason.ToString()));
        }
    }

    public void Refused(string method, Refusal refusal)
    {
        if (_refused.Enabled)
        {
            _refused.Add(
                1,
                new KeyValuePair<string, object?>("rpc.method", method),
                new KeyValuePair<string, object?>("transactions.refusal.reason", refusal.Reason.ToString()));
        }
    }

    public void CommitAnswered(TimeSpan duration) => _commitDuration.Record(duration.TotalSeconds);

    public void Recorded(int decisions, RecordResult result, TimeSpan duration)
    {
        if (_recordDuration.Enabled || _batchSize.Enabled)
        {
            _batchSize.Record(decisions);
            _recordDuration.Record(
                duration.TotalSeconds, new KeyValuePair<string, object?>("transactions.record.result", result.GetType().Name));
        }
    }

    public void WaitsForClock(ClockReading reading, Timestamp timestamp)
    {
        if (_commitWait.Enabled && reading.IsHealthy)
        {
            _commitWait.Record(Math.Max(0, reading.Interval.Until(timestamp).TotalSeconds));
        }
    }

    public void OutcomeUndelivered(ShardId shard) =>
        _undelivered.Add(1, new KeyValuePair<string, object?>("transactions.shard", shard.Value));

    public void FramesReceived(int count) => _framesReceived.Add(count);

    public void FramesSent(int count) => _framesSent.Add(count);

    public void Dispose() => _meter.Dispose();

    private static IEnumerable<Measurement<double>> Uncertainty(IBoundedClock clock)
    {
        ClockReading reading = clock.Read();
        return reading.IsHealthy ? [new(reading.Interval.Width.TotalSeconds / 2)] : [];
    }
}
