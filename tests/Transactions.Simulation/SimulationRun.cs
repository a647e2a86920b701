using Transactions.Clocks;
using Transactions.Model;
using Transactions.Participant;

namespace Transactions.Simulation;

/// <summary>Runs one seed: opens the bank, lets the storm rage, waits for rest, and compares.</summary>
internal static class SimulationRun
{
    // Virtual microseconds; nothing that a run waits for takes as long.
    private const long LongestOpening = 30_000_000;
    private const long LongestRest = 120_000_000;
    private const long BetweenLooks = 20_000;

    public static SimulationResult Run(Scenario scenario, Trace trace)
    {
        World world = new(scenario, trace);
        SimCluster cluster = new(world);
        try
        {
            Run(world, cluster);
        }
        catch (BrokenInvariantException e)
        {
            world.Fail("a machine's own", e.Message);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // A machine that throws would have stopped its process.
            world.Fail("no exception", e.ToString());
        }

        return new SimulationResult(scenario, world.Violation, world.Counters, trace.Hash(), world.Steps, world.Now - World.Start);
    }

    private static void Run(World world, SimCluster cluster)
    {
        Scenario scenario = world.Scenario;
        world.Observer.Watch(cluster);
        foreach (SimProcess process in cluster.Processes)
        {
            process.Start();
        }

        bool isOpen = false;
        world.After(0, () => cluster.Clients[0].Work(async () =>
        {
            await Open(cluster.Clients[0]);
            isOpen = true;
        }));
        if (!world.RunUntil(() => isOpen, LongestOpening))
        {
            world.Fail("8: liveness", "the accounts couldn't be opened although nothing goes wrong");
        }

        world.Observer.Open();
        FaultInjector faults = new(cluster);
        world.IsStormy = !scenario.IsCalm;
        faults.Start();
        foreach (SimClient client in cluster.Clients)
        {
            world.After(0, client.BeginWork);
        }

        world.RunUntil(() => !world.Observer.MayBegin, scenario.Duration);
        world.Observer.IsClosed = true;
        world.IsStormy = false;
        faults.Stop();
        world.Note("world", "calms down");
        Rest(world);
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

    private static async Task Open(SimClient client)
    {
        Scenario scenario = client.World.Scenario;
        while (true)
        {
            SimTransaction? opening = await client.Begin(RetryAttempt.First(client.Present()));
            if (opening is null)
            {
                await client.Delay(10_000);
                continue;
            }

            await Task.WhenAll(
                from shard in client.Cluster.ShardIds
                from account in Enumerable.Range(0, scenario.AccountsPerShard)
                select opening.Do(shard, new Operation.Put(Account.Record(account), Account.ToDocument(Account.Opening, "opening"))));

            if (!opening.HasFailed && await opening.Commit(null) is CommitStep.Ended { Result.Outcome.IsCommitted: true })
            {
                return;
            }

            await opening.Abort();
            await client.Delay(100_000);
        }
    }
}
