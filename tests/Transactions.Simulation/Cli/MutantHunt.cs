using Spectre.Console;

namespace Transactions.Simulation;

/// <summary>Looks for a seed that catches each mutant.</summary>
internal sealed class MutantHunt(ulong first, int count, SeedSettings settings)
{
    /// <returns>The exit code: 1 when one survives.</returns>
    public int Run()
    {
        Table table = new Table().AddColumns("mutant", "caught by seed", "after", "invariant");
        int survivors = 0;
        foreach (Mutant mutant in Mutant.All)
        {
            SimulationResult? caught = null;
            int tried = 0;
            for (; tried < count && caught is null; tried++)
            {
                using Trace trace = new(isWritten: false);
                SeedSettings broken = settings with { Mutant = mutant };
                SimulationResult result = SimulationRun.Run(broken.ToScenario(first + (ulong)tried), trace);
                caught = result.Violation is null ? null : result;
            }

            survivors += caught is null ? 1 : 0;
            table.AddRow(
                Markup.Escape(mutant.Name),
                caught?.Scenario.Seed.ToString() ?? "[red]survived[/]",
                $"{tried}",
                Markup.Escape(caught?.Violation?.Invariant ?? ""));
            Console.Error.WriteLine($"{mutant.Name}: {(caught is null ? "survived" : $"{tried}")} {caught?.Violation?.Invariant}");
        }

        AnsiConsole.Write(table);
        return survivors > 0 ? 1 : 0;
    }
}
