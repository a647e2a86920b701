namespace Transactions.Simulation.Tests;

/// <summary>What breaks is made short, and can be run again by the command that is printed.</summary>
public sealed class ShrinkerTests
{
    [Fact]
    public void Shrink_OfAMutant_BreaksTheSameWithLess()
    {
        SeedSettings settings = new() { Mutant = Mutant.Find("VoteBeforePersisted")!, Profile = Profile.Chaos, Workload = Workload.Bank };
        (ulong seed, SimulationResult broken) = FirstBroken(settings);

        SeedSettings smallest = new Shrinker(settings, static _ => { }).Shrink(seed, broken);
        SimulationResult again = Run(smallest, seed);

        Assert.Equal(broken.Violation!.Invariant, again.Violation!.Invariant);
        Assert.NotEmpty(smallest.Without);
        Assert.True(again.Counters.Faults < broken.Counters.Faults);
        Assert.StartsWith(
            $"dotnet run --project tests/Transactions.Simulation -c Release -- --seed {seed} --trace --mutant Participant.VoteBeforePersisted --profile Chaos --workload Bank --without ",
            smallest.ToCommand(seed), StringComparison.Ordinal);
    }

    [Fact]
    public void ToScenario_WithoutAPart_LeavesTheRestAsItIs()
    {
        Scenario whole = Scenario.FromSeed(5, profile: Profile.Chaos);

        Scenario less = new SeedSettings { Profile = Profile.Chaos, Without = ["partitions"], Clients = 1, Transactions = 7 }.ToScenario(5);

        Assert.Equal(
            whole with { BetweenPartitions = 0, Clients = 1, MostTransactions = 7, LeastFaults = 0, LeastTransactions = 0 }, less);
    }

    [Fact]
    public void ToScenario_WithoutAnUnknownPart_Throws() =>
        Assert.Throws<ArgumentException>(() => new SeedSettings { Without = ["everything"] }.ToScenario(1));

    [Fact]
    public void Reductions_OfChaos_EachLeaveSomethingOut()
    {
        Scenario all = Scenario.FromSeed(1, profile: Profile.Chaos) with
        {
            Strays = 1,
            Sleep = 1, ClockExcess = 1, BetweenClockExcesses = 1, BetweenStreamBreaks = 1, BetweenPartitions = 1, BetweenCoordinatorCrashes = 1,
            BetweenParticipantCrashes = 1, BetweenClientCrashes = 1, BetweenPauses = 1, BetweenOutages = 1, BetweenServerCrashes = 1,
            BetweenStalls = 1, BetweenClockFaults = 1,
        };

        Assert.All(Reductions.Names, name => Assert.NotEqual(all, Reductions.Without(all, name)));
    }

    private static (ulong, SimulationResult) FirstBroken(SeedSettings settings)
    {
        for (ulong seed = 1; seed < 50; seed++)
        {
            SimulationResult result = Run(settings, seed);
            if (result.Violation is not null)
            {
                return (seed, result);
            }
        }

        throw new InvalidOperationException("Nothing breaks.");
    }

    private static SimulationResult Run(SeedSettings settings, ulong seed)
    {
        using Trace trace = new(isWritten: false);
        return SimulationRun.Run(settings.ToScenario(seed), trace);
    }
}
