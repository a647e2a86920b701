using System.Collections.Immutable;
using Transactions.Clocks;
using Transactions.Coordinator;
using Transactions.Model;
using Transactions.TestKit.Storage;

namespace Transactions.Simulation;

/// <summary>Runs a coordinator's storage effects against the one decision log of the world.</summary>
internal sealed class SimDecisionLog(SimProcess process, SimCluster cluster, Action<CoordinatorEvent> post)
{
    private readonly SimServer _server = new(process, process.World.Random.Fork(), cluster.Network, cluster.Servers[SimCluster.LogName]);

    public void Start(CoordinatorEffect effect)
    {
        switch (effect)
        {
            case CoordinatorEffect.Record record:
                process.World.Observer.Records(process.Name, record.Decisions);
                _server.Write(
                    StorageStep.Record,
                    fault => Record(record, fault),
                    new RecordResult.Ambiguous("answer lost"),
                    result => post(new CoordinatorEvent.Recorded(record.Batch, result)));
                break;
            case CoordinatorEffect.Read read:
                _server.Read(
                    StorageStep.ReadDecision,
                    () => Read(read), null, lookup => post(new CoordinatorEvent.DecisionRead(read.Request, lookup)));
                break;
            case CoordinatorEffect.MarkApplied mark:
                _server.Write(
                    StorageStep.MarkApplied,
                    fault => cluster.Log.MarkApplied(mark.Applied, fault),
                    false,
                    succeeded => post(new CoordinatorEvent.MarkedApplied(mark.Batch, succeeded)));
                break;
            case CoordinatorEffect.FindUnapplied find:
                _server.Read<ImmutableArray<Decision>?>(
                    StorageStep.FindUnapplied,
                    () => cluster.Log.FindUnapplied(find.Limit), null, found => post(new CoordinatorEvent.UnappliedFound(found)));
                break;
            case CoordinatorEffect.Prune prune:
                _server.Write<Timestamp?>(
                    StorageStep.PruneLog,
                    fault => cluster.Log.Prune(prune.Mark, fault), null, mark => post(new CoordinatorEvent.Pruned(mark)));
                break;
            default:
                throw new InvalidOperationException($"No storage effect: {effect.GetType().Name}.");
        }
    }

    private DecisionLookup? Read(CoordinatorEffect.Read read)
    {
        DecisionLookup? lookup = cluster.Log.Read(read.Id, read.Key);
        process.World.Observer.HasRead(process.Name, read.Id, lookup);
        return lookup;
    }

    private RecordResult Record(CoordinatorEffect.Record record, StorageFault fault)
    {
        foreach (Decision decision in record.Decisions)
        {
            if (decision.Outcome.IsCommitted && _server.IsPoison(decision.Id))
            {
                process.World.Counters.Add(Fault.PoisonedBatch);
                return new RecordResult.RolledBack(IsTransient: false, "refused");
            }
        }

        RecordResult result = cluster.Log.Record(record.Decisions, fault);
        process.World.Note("log", "records", (process.Name, record, fault, result));
        return result;
    }
}
