namespace Transactions.Simulation.Tests;

/// <summary>A simulation that never walks a path, injects a fault or comes to a rule proves nothing of it.</summary>
public sealed class CoverageTests
{
    private const int LeastTransactions = 100;
    private const int LeastFaults = 5;

    // What a few hundred seeds meet too rarely to rely on.
    private static readonly Path[] Rare = [Path.NotTakenUp, Path.ExcessesNoticed];

    [Fact]
    public void Paths_OfManySeeds_AreAllWalked()
    {
        Counters counters = new();
        for (ulong seed = 10_000; seed < 10_200; seed++)
        {
            Add(counters, Runs.AssertHolds(seed));
        }

        // Nothing sleeps long enough to be forgotten, but here.
        for (ulong seed = 10_000; seed < 10_020; seed++)
        {
            Add(counters, Runs.AssertHolds(seed, Profile.Expiry));
        }

        Path[] paths = [.. Enum.GetValues<Path>().Where(p => counters[p] == 0 && !Rare.Contains(p))];
        Fault[] faults = [.. Enum.GetValues<Fault>().Where(f => counters[f] == 0 && f != Fault.ClockBeyondBound)];
        Rule[] rules = [.. Enum.GetValues<Rule>().Where(r => Rules.Exercised(r, counters) == 0 && !Rules.Excepted.ContainsKey(r))];
        (StorageStep, CrashPlace)[] steps =
        [
            .. from step in Enum.GetValues<StorageStep>()
               from place in Enum.GetValues<CrashPlace>()
               where counters[step, place] == 0
               select (step, place),
        ];

        Assert.Empty(paths);
        Assert.Empty(faults);
        Assert.Empty(rules);
        Assert.Empty(steps);
    }

    private static void Add(Counters counters, SimulationResult result)
    {
        counters.Add(result.Counters);
        if (!result.Scenario.IsCalm)
        {
            Assert.True(result.Counters[Path.Transactions] >= LeastTransactions, $"{result.Scenario.Seed} began {result.Counters[Path.Transactions]}");
            Assert.True(result.Counters.Faults >= LeastFaults, $"{result.Scenario.Seed} had {result.Counters.Faults}");
        }
    }
}
