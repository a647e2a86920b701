using Transactions.Model;
using Transactions.TestKit.Storage;

namespace Transactions.Simulation;

/// <summary>Lets processes, streams, servers and clocks fail from time to time, as the scenario has it, while the storm lasts.</summary>
internal sealed class FaultInjector(SimCluster cluster)
{
    private readonly SimRandom _random = cluster.World.Random.Fork();

    private World World => cluster.World;

    private Scenario Scenario => cluster.World.Scenario;

    public void Start()
    {
        Every(Scenario.BetweenStreamBreaks, BreakStream);
        Every(Scenario.BetweenCoordinatorCrashes, EndCoordinator);
        Every(Scenario.BetweenParticipantCrashes, EndParticipant);
        Every(Scenario.BetweenClientCrashes, CrashClient);
        Every(Scenario.BetweenPauses, Pause);
        Every(Scenario.BetweenOutages, BreakServer);
        Every(Scenario.BetweenServerCrashes, CrashServer);
        Every(Scenario.BetweenClockFaults, BreakClock);
    }

    /// <summary>The storm is over: everything is up again.</summary>
    public void Stop()
    {
        cluster.Log.IsAvailable = true;
        foreach (FakeShardDatabase database in cluster.Databases.Values)
        {
            database.IsAvailable = true;
        }
    }

    private void Every(long mean, Action fault)
    {
        if (mean == 0)
        {
            return;
        }

        World.After((long)(-Math.Log(1 - _random.NextDouble()) * mean), () =>
        {
            if (World.IsStormy)
            {
                fault();
                Every(mean, fault);
            }
        });
    }

    private void BreakStream()
    {
        SimParticipant participant = _random.Pick(cluster.Participants);
        if (participant.Streams.Count > 0)
        {
            World.Counters.Add(Path.BrokenStreams);
            SimStream stream = participant.Streams.ElementAt(_random.Next(participant.Streams.Count));
            World.Note("fault", "breaks", $"{participant.Name} - {stream.CoordinatorProcess.Name}");
            stream.Break();
        }
    }

    private void EndCoordinator()
    {
        SimCoordinator coordinator = _random.Pick(cluster.Coordinators);
        if (_random.Chance(0.25))
        {
            World.Counters.Add(Path.CoordinatorStops);
            coordinator.Stop(_random.Skewed(10_000, 1_000_000), Downtime());
        }
        else
        {
            World.Counters.Add(Path.CoordinatorCrashes);
            coordinator.Restart(Downtime());
        }
    }

    private void EndParticipant()
    {
        SimParticipant participant = _random.Pick(cluster.Participants);
        if (_random.Chance(0.35))
        {
            World.Counters.Add(Path.ParticipantStops);
            participant.Stop(_random.Skewed(10_000, 1_000_000), Downtime());
        }
        else
        {
            World.Counters.Add(Path.ParticipantCrashes);
            participant.Restart(Downtime());
        }
    }

    private void CrashClient()
    {
        World.Counters.Add(Path.ClientCrashes);
        _random.Pick(cluster.Clients).Restart(Downtime());
    }

    private void Pause()
    {
        World.Counters.Add(Path.Pauses);
        SimProcess process = _random.Chance(0.3) ? _random.Pick(cluster.Coordinators) : _random.Pick(cluster.Participants);
        process.Pause(_random.Skewed(5_000, 4_000_000));
    }

    private void BreakServer()
    {
        World.Counters.Add(Path.Outages);
        long duration = _random.Skewed(5_000, 800_000);
        if (_random.Chance(0.4))
        {
            World.Note("log", "is away", duration);
            cluster.Log.IsAvailable = false;
            World.After(duration, () => cluster.Log.IsAvailable = true);
        }
        else
        {
            ShardId shard = _random.Pick(cluster.ShardIds);
            World.Note(shard.Value, "is away", duration);
            cluster.Databases[shard].IsAvailable = false;
            World.After(duration, () => cluster.Databases[shard].IsAvailable = true);
        }
    }

    private void CrashServer()
    {
        World.Counters.Add(Path.ServerCrashes);
        bool keepsUnflushed = _random.Chance(0.3);
        if (_random.Chance(0.4))
        {
            cluster.CrashLog(keepsUnflushed);
        }
        else
        {
            cluster.CrashShard(_random.Pick(cluster.ShardIds), keepsUnflushed);
        }
    }

    private void BreakClock()
    {
        World.Counters.Add(Path.ClockFaults);
        SimProcess process = _random.Chance(0.4) ? _random.Pick(cluster.Coordinators) : _random.Pick(cluster.Participants);
        long duration = _random.Skewed(5_000, 1_000_000);
        World.Note(process.Name, "clock off", duration);
        process.Clock.FailFor(duration);
    }

    private long Downtime() => _random.Skewed(500, 1_500_000);
}
