namespace Transactions.Simulation;

/// <summary>Lets processes, streams, ways, databases and clocks fail from time to time, as the scenario has it, while the storm lasts.</summary>
/// <remarks>To add a fault: name it in <see cref="Fault"/>, give the scenario its mean time, and start it here.</remarks>
internal sealed class FaultInjector
{
    private readonly SimCluster _cluster;
    private readonly SimRandom _random;
    private readonly DatabaseFaults _databases;

    public FaultInjector(SimCluster cluster)
    {
        _cluster = cluster;
        _random = cluster.World.Random.Fork();
        _databases = new DatabaseFaults(cluster, _random);
    }

    private World World => _cluster.World;

    private Scenario Scenario => _cluster.World.Scenario;

    public void Start()
    {
        Every(Scenario.BetweenStreamBreaks, BreakStream);
        Every(Scenario.BetweenPartitions, Partition);
        Every(Scenario.BetweenCoordinatorCrashes, EndCoordinator);
        Every(Scenario.BetweenParticipantCrashes, EndParticipant);
        Every(Scenario.BetweenClientCrashes, CrashClient);
        Every(Scenario.BetweenPauses, Pause);
        Every(Scenario.BetweenOutages, _databases.GoAway);
        Every(Scenario.BetweenServerCrashes, _databases.CrashOrFailOver);
        Every(Scenario.BetweenStalls, _databases.StallOrSlowDown);
        Every(Scenario.BetweenClockFaults, BreakClock);
        Every(Scenario.BetweenClockExcesses, LeaveBound);
    }

    /// <summary>The storm is over: everything is up again.</summary>
    public void Stop()
    {
        _cluster.Network.Partitions.Heal();
        foreach (SimDatabase database in _cluster.Servers.Values)
        {
            database.Recover();
        }

        foreach (SimProcess process in _cluster.Processes)
        {
            process.Clock.ComeBack();
        }
    }

    /// <summary>D5: what a shard has prepared, it learns the end of when all others may have forgotten it.</summary>
    public void LetAShardSleepAlone(long microseconds)
    {
        if (!_random.Chance(0.7))
        {
            return;
        }

        World.Counters.Add(Fault.LongOutage);
        foreach (SimParticipant host in _cluster.HostsOf(_random.Pick(_cluster.ShardIds)))
        {
            host.Restart(microseconds - _random.Skewed(1_000, 500_000));
        }

        // A coordinator that lives on remembers what isn't applied: the log alone is to know it, whatever was pruned by then.
        if (_random.Chance(0.7))
        {
            foreach (SimCoordinator coordinator in _cluster.Coordinators)
            {
                World.After(microseconds - _random.Skewed(1_000, 500_000), () => coordinator.Restart(Downtime() / 4));
            }
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
        SimParticipant participant = _random.Pick(_cluster.Participants);
        if (participant.Streams.Count > 0)
        {
            World.Counters.Add(Fault.BrokenStream);
            SimStream stream = participant.Streams[_random.Next(participant.Streams.Count)];
            World.Note("fault", "breaks", $"{participant.Name} - {stream.CoordinatorProcess.Name}");
            stream.Break();
        }
    }

    // Any two groups of processes and databases, which needn't be all of them.
    private void Partition()
    {
        List<string> names = [.. _cluster.Processes.Select(p => p.Name), .. _cluster.Servers.Keys];
        List<string> here = [];
        List<string> there = [];
        double mostHere = _random.NextDouble();
        double leftOut = _random.Chance(0.5) ? 0 : 0.5;
        foreach (string name in names)
        {
            if (!_random.Chance(leftOut))
            {
                (_random.Chance(mostHere) ? here : there).Add(name);
            }
        }

        bool isOneWay = _random.Chance(0.4);
        long duration = _random.Skewed(5_000, 2_000_000);
        World.Counters.Add(isOneWay ? Fault.OneWayPartition : Fault.Partition);
        World.Note("fault", isOneWay ? "cuts one way" : "cuts", $"[{string.Join(' ', here)}] from [{string.Join(' ', there)}] for {duration}");
        _cluster.Network.Partitions.Cut(here, there, duration);
        if (!isOneWay)
        {
            _cluster.Network.Partitions.Cut(there, here, duration);
        }
    }

    private void EndCoordinator()
    {
        SimCoordinator coordinator = _random.Pick(_cluster.Coordinators);
        if (_random.Chance(0.25))
        {
            World.Counters.Add(Fault.CoordinatorStop);
            coordinator.Stop(_random.Skewed(10_000, 1_000_000), Downtime());
        }
        else
        {
            World.Counters.Add(Fault.CoordinatorCrash);
            coordinator.Restart(Downtime());
        }
    }

    private void EndParticipant()
    {
        SimParticipant participant = _random.Pick(_cluster.Participants);
        if (_random.Chance(0.45))
        {
            World.Counters.Add(Fault.ParticipantStop);
            participant.Stop(_random.Skewed(10_000, 1_000_000), Downtime());
        }
        else
        {
            World.Counters.Add(Fault.ParticipantCrash);
            participant.Restart(Downtime());
        }
    }

    private void CrashClient()
    {
        World.Counters.Add(Fault.ClientCrash);
        _random.Pick(_cluster.Clients).Restart(Downtime());
    }

    private void Pause()
    {
        SimProcess process = _random.Chance(0.3) ? _random.Pick(_cluster.Coordinators) : _random.Pick(_cluster.Participants);
        long duration = _random.Skewed(5_000, 4_000_000);
        bool isPastLease = process is SimParticipant && duration > Scenario.ShardOptions.LeaseDuration.BclCompatibleTicks / 10;
        World.Counters.Add(isPastLease ? Fault.PausePastLease : Fault.Pause);
        process.Pause(duration);
    }

    private void BreakClock()
    {
        World.Counters.Add(Fault.UnhealthyClock);
        SimProcess process = ServerProcess();
        long duration = _random.Skewed(5_000, 1_000_000);
        World.Note(process.Name, "clock off", duration);
        process.Clock.FailFor(duration);
    }

    // Nobody is told, or its source notices a little later.
    private void LeaveBound()
    {
        SimProcess process = ServerProcess();
        long excess = _random.Skewed(100, Scenario.ClockExcess);
        bool isAhead = _random.Chance(0.5);
        long duration = _random.Skewed(50_000, 2_000_000);
        long noticedAfter = _random.Chance(0.3) ? _random.Skewed(1_000, 500_000) : duration;
        World.Counters.Add(Fault.ClockBeyondBound);
        World.Note(process.Name, "clock leaves its bound", (isAhead ? excess : -excess, duration, noticedAfter));
        process.Clock.LeaveBoundFor(duration, isAhead ? excess : -excess);
        if (noticedAfter < duration)
        {
            World.Counters.Add(Path.ExcessesNoticed);
            World.After(noticedAfter, () => process.Clock.FailFor(duration - noticedAfter));
        }
    }

    private SimProcess ServerProcess() => _random.Chance(0.4) ? _random.Pick(_cluster.Coordinators) : _random.Pick(_cluster.Participants);

    private long Downtime() => _random.Skewed(500, 1_500_000);
}
