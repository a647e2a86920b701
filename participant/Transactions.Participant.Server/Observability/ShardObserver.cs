using Microsoft.Extensions.Logging;
using Transactions.Hosting;
using Transactions.Model;

namespace Transactions.Participant.Server;

/// <summary>Turns what a shard's machine notifies into logs and metrics.</summary>
internal sealed class ShardObserver(ShardId shard, ParticipantMetrics metrics, ILogger logger)
{
    private readonly KeyValuePair<string, object?> _shardTag = new("transactions.shard", shard.Value);

    /// <summary>Watches what only the machine and its loop know. Gauges may be a moment old.</summary>
    public void Watch(ShardMachine machine, MachineLoop<ShardEvent, ShardEffect> loop)
    {
        Gauge("transactions.shard.open", "{transaction}", "Transactions open at the shard.", () => machine.OpenTransactions);
        Gauge("transactions.shard.prepared", "{transaction}", "Writers prepared, or committing.", () => machine.PreparedTransactions);
        Gauge("transactions.shard.waiting_calls", "{call}", "Calls that wait for an answer.", () => machine.WaitingCalls);
        Gauge("transactions.shard.queued_persists", "{transaction}", "Transactions that wait for PostgreSQL.", () => machine.QueuedPersists);
        Gauge("transactions.shard.queued_events", "{event}", "Events that wait for the shard's loop.", () => loop.Waiting);
    }

    public void Observe(ShardNotice notice)
    {
        switch (notice)
        {
            case ShardNotice.Serving serving:
                metrics.Takeovers.Add(1, _shardTag);
                Log.Serving(logger, serving.Owner, serving.Prepared);
                break;
            case ShardNotice.WaitingForLease waiting:
                Log.WaitingForLease(logger, shard, waiting.Generation, waiting.Owner, waiting.LeaseUntil);
                break;
            case ShardNotice.Fenced fenced:
                metrics.Fenced.Add(1, _shardTag);
                Log.Fenced(logger, fenced.Owner);
                break;
            case ShardNotice.Ambiguity ambiguity:
                metrics.Ambiguous.Add(1, _shardTag);
                Log.Ambiguity(logger, shard, ambiguity.Transactions, ambiguity.Message);
                break;
            case ShardNotice.StorageFailing failing:
                Log.StorageFailing(logger, shard, failing.What, failing.Message);
                break;
            case ShardNotice.Wounded wounded:
                metrics.Wounded.Add(1, _shardTag);
                Log.Wounded(logger, shard, wounded.Victim, wounded.By, wounded.Lock);
                break;
            case ShardNotice.InDoubt inDoubt:
                Log.InDoubt(logger, shard, inDoubt.Id, inDoubt.Home);
                break;
            case ShardNotice.Ended ended:
                metrics.Ended.Add(
                    1, _shardTag, new("transactions.outcome", ended.Outcome.IsCommitted ? "committed" : ended.Outcome.Reason.ToString()));
                Log.Ended(logger, shard, ended.Id, ended.Outcome);
                break;
            case ShardNotice.ClockChanged { IsHealthy: true }:
                Log.ClockHealthy(logger, shard);
                break;
            case ShardNotice.ClockChanged unhealthy:
                Log.ClockUnhealthy(logger, shard, unhealthy.Message);
                break;
            default:
                throw new InvalidOperationException($"No such notice: {notice.GetType().Name}.");
        }
    }

    public void StorageFailed(string reason) => Log.StorageFailing(logger, shard, "a step of PostgreSQL", reason);

    private void Gauge(string name, string unit, string description, Func<int> read) =>
        metrics.Meter.CreateObservableGauge(name, () => new System.Diagnostics.Metrics.Measurement<int>(read(), _shardTag), unit, description);
}
