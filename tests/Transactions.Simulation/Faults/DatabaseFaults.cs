namespace Transactions.Simulation;

/// <summary>What befalls the databases: the decision log's as often as all shards' together.</summary>
internal sealed class DatabaseFaults(SimCluster cluster, SimRandom random)
{
    private World World => cluster.World;

    public void GoAway()
    {
        World.Counters.Add(Fault.Outage);
        Pick().GoAway(random.Skewed(5_000, 800_000));
    }

    public void CrashOrFailOver()
    {
        SimDatabase database = Pick();
        bool keepsUnflushed = random.Chance(0.3);
        if (random.Chance(0.4))
        {
            World.Counters.Add(Fault.FailOver);
            database.FailOver(keepsUnflushed, random.Skewed(20_000, 800_000));
        }
        else
        {
            World.Counters.Add(Fault.DatabaseCrash);
            database.Crash(keepsUnflushed, breaksConnections: random.Chance(0.5));
        }
    }

    public void StallOrSlowDown()
    {
        SimDatabase database = Pick();
        switch (random.Next(3))
        {
            case 0:
                World.Counters.Add(Fault.StalledDisk);
                database.StallDisk(random.Skewed(10_000, 1_500_000));
                break;
            case 1:
                World.Counters.Add(Fault.HeldAnswers);
                database.HoldAnswers(random.Skewed(10_000, 1_500_000));
                break;
            default:
                World.Counters.Add(Fault.SlowDisk);
                database.SlowDown((int)random.Between(3, 40), random.Skewed(50_000, 1_500_000));
                break;
        }
    }

    private SimDatabase Pick() => random.Chance(0.4)
        ? cluster.Servers[SimCluster.LogName]
        : cluster.Servers[random.Pick(cluster.ShardIds).Value];
}
