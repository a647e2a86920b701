using System.Text;

namespace Transactions.Simulation.Tests;

/// <summary>Runs seeds for tests.</summary>
internal static class Runs
{
    private const int LinesShown = 80;

    public static SimulationResult Run(ulong seed, Profile? profile = null, Mutant? mutant = null, Workload? workload = null)
    {
        using Trace trace = new(isWritten: false);
        return SimulationRun.Run(Scenario.FromSeed(seed, mutant, profile, workload), trace);
    }

    /// <summary>Runs a seed in which nothing may break; else the test fails with the end of its trace.</summary>
    public static SimulationResult AssertHolds(ulong seed, Profile? profile = null, Workload? workload = null)
    {
        using Trace trace = new(isWritten: false);
        SimulationResult result = SimulationRun.Run(Scenario.FromSeed(seed, profile: profile, workload: workload), trace);
        if (result.Violation is { } violation)
        {
            StringBuilder message = new();
            message.AppendLine($"--seed {seed}{(profile is null ? "" : $" --profile {profile}")}{(workload is null ? "" : $" --workload {workload}")}: {violation}");
            foreach (string line in trace.Tail(LinesShown))
            {
                message.AppendLine(line);
            }

            Assert.Fail(message.ToString());
        }

        return result;
    }
}
