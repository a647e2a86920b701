using Transactions.Model;
using Transactions.Participant;

namespace Transactions.Simulation;

// X2, X5: operations that nobody waits for, counts or names, some of them long after the end.
internal sealed partial class SimTransaction
{
    /// <summary>Sends an operation that was tried several times more, when its transaction may be over.</summary>
    public void DoUncountedLater(ShardId shard, Operation operation, long mostDelay)
    {
        World.Counters.Add(Path.Afterthoughts);
        for (int i = client.Random.Next(4); i >= 0; i--)
        {
            client.After(client.Random.Skewed(100, mostDelay), () => SendUncounted(shard, operation));
        }
    }

    public bool HasWrittenAt(ShardId shard) => Facts.Writes.Keys.Any(key => key.Shard == shard);

    /// <summary>Sends an operation of a transaction that has ended.</summary>
    public void Stray(ShardId shard)
    {
        World.Counters.Add(Path.Strays);
        SendUncounted(shard, client.Random.Pick(Workloads.Of(client)).Stray(this).Operation);
    }

    // X5: about when its deadline passes, on this clock or that.
    private void StrayAboutDeadline()
    {
        if (!client.Random.Chance(World.Scenario.Strays))
        {
            return;
        }

        long uncertainty = World.Scenario.MostUncertainty;
        long deadline = Context.Deadline.Microseconds - World.Now;
        foreach (ShardId shard in Facts.Writes.Keys.Select(key => key.Shard).Distinct())
        {
            for (int i = client.Random.Next(4); i > 0; i--)
            {
                client.After(Math.Max(0, deadline + client.Random.Between(-2 * uncertainty, uncertainty)), () => Stray(shard));
            }
        }
    }

    /// <summary>Sends an operation that nobody waits for, counts, or names: what a careless client may do.</summary>
    public void DoUncounted(ShardId shard, Operation operation)
    {
        recorded.Try(shard, operation);
        SendUncounted(shard, operation);
    }

    private void SendUncounted(ShardId shard, Operation operation)
    {
        World.Counters.Add(Path.Careless);
        Facts.IsCareless = true;
        OperationNumber number = new(_otherScope, ++_lastUncounted);
        _ = client.Call(shard, (at, reply) => at.Operate(Context, number, operation, reply));
    }
}
