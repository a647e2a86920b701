using Transactions.Histories;
using Transactions.Model;
using Operation = Transactions.Participant.Operation;

namespace Transactions.Simulation;

/// <summary>Runs one seed: writes what is there from the start, lets the storm rage, waits for rest, reads all, and judges the history.</summary>
internal static class SimulationRun
{
    // Virtual microseconds; nothing that a run waits for takes as long.
    private const long LongestOpening = 30_000_000;
    private const long LongestRest = 120_000_000;
    private const long LongestLastRead = 60_000_000;
    private const long LongestDelay = 60_000_000;
    private const long BetweenLooks = 20_000;

    private static readonly CheckOptions Strict = new() { Model = ConsistencyModel.StrictSerializable };

    public static SimulationResult Run(Scenario scenario, Trace trace)
    {
        World world = new(scenario, trace);
        SimCluster cluster = new(world);
        History? history = null;
        try
        {
            Run(world, cluster);
            history = Judge(world);
        }
        catch (Transactions.Model.BrokenInvariantException e)
        {
            world.Fail("a machine's own", e.Message);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // A machine that throws would have stopped its process.
            world.Fail("no exception", e.ToString());
        }

        return new SimulationResult(
            scenario, world.Violation, world.Counters, trace.Hash(), world.Steps, world.Now - World.Start, history);
    }

    private static void Run(World world, SimCluster cluster)
    {
        Scenario scenario = world.Scenario;
        world.Observer.Watch(cluster);
        foreach (SimProcess process in cluster.Processes)
        {
            process.Start();
        }

        SimClient first = cluster.Clients[0];
        if (!Do(world, first, () => Open(first), LongestOpening))
        {
            world.Fail("8: liveness", "the first writes couldn't be committed although nothing goes wrong");
        }

        world.Observer.Open();
        FaultInjector faults = new(cluster);
        new SqlReader(cluster).Start();
        world.IsStormy = !scenario.IsCalm;
        faults.Start();
        foreach (SimClient client in cluster.Clients)
        {
            world.After(0, client.BeginWork);
        }

        world.WakesAt = scenario.Sleep == 0 ? 0 : world.Now + (scenario.Duration / 2) + scenario.Sleep;
        if (scenario.Sleep > 0)
        {
            world.RunUntil(() => !world.Observer.MayBegin, scenario.Duration / 2);
            SleepOn(world, faults);
        }

        world.RunUntil(() => !world.Observer.MayBegin, scenario.Duration);
        world.RunUntil(() => world.Observer.HasEnough, LongestDelay);
        world.Observer.IsClosed = true;
        world.IsStormy = false;
        faults.Stop();
        world.Note("world", "calms down");
        Rest(world);
        if (world.Violation is null && !Do(world, first, () => ReadAll(first), LongestLastRead))
        {
            world.Fail("8: liveness", "long after the storm the last reads aren't answered");
        }
    }

    // D5: long enough that what was decided before is forgotten. Nothing else is worth much time then.
    private static void SleepOn(World world, FaultInjector faults)
    {
        long ticks = world.TickInterval;
        world.Note("world", "sleeps");
        (world.IsAsleep, world.IsStormy, world.TickInterval) = (true, false, 250_000);
        faults.Stop();
        faults.LetAShardSleepAlone(world.WakesAt - world.Now);
        world.RunUntil(static () => false, world.WakesAt - world.Now);
        (world.IsAsleep, world.IsStormy, world.TickInterval) = (false, true, ticks);
        faults.Start();
    }

    // Invariant 8: with everything up again, everything ends.
    private static void Rest(World world)
    {
        string? unrest = "not looked at";
        for (long waited = 0; waited < LongestRest && unrest is not null && world.Violation is null; waited += BetweenLooks)
        {
            world.RunUntil(static () => false, BetweenLooks);
            unrest = world.Observer.FindUnrest();
        }

        if (unrest is not null)
        {
            world.Fail("8: liveness", $"long after the storm there is no rest: {unrest}");
        }

        world.Observer.CheckAtRest();
    }

    // Invariants 4 and 6, once more, by whoever knows nothing of the protocol.
    private static History? Judge(World world)
    {
        if (world.Violation is not null)
        {
            return null;
        }

        History history = world.History.ToHistory();
        CheckResult result = HistoryCheck.Run(history, Strict);
        if (!result.IsValid)
        {
            world.Fail($"history: {result.Anomalies[0].Kind.ToName()}", result.ToString());
        }

        return history;
    }

    // Whether a client got something done in time.
    private static bool Do(World world, SimClient client, Func<Task> work, long atMost)
    {
        bool isDone = false;
        world.After(0, () => client.Work(async () =>
        {
            await work();
            isDone = true;
        }));
        return world.RunUntil(() => isDone, atMost);
    }

    private static async Task ReadAll(SimClient client)
    {
        while (!await SimSnapshot.ReadAll(client, Workloads.Collections))
        {
            await client.Delay(10_000);
        }
    }

    private static async Task Open(SimClient client)
    {
        (ShardId Shard, Operation Operation)[] writes = [.. Workloads.Of(client).SelectMany(workload => workload.Opening())];
        while (true)
        {
            SimTransaction? opening = await client.Begin(RetryAttempt.First(client.Present()));
            if (opening is null)
            {
                await client.Delay(10_000);
                continue;
            }

            await Task.WhenAll(writes.Select(write => opening.Do(write.Shard, write.Operation)));
            if (!opening.HasFailed && await opening.Commit(null) is CommitStep.Ended { Result.Outcome.IsCommitted: true })
            {
                return;
            }

            await opening.Abort();
            await client.Delay(100_000);
        }
    }
}
