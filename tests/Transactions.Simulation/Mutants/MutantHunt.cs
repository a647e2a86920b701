using System.Globalization;
using Spectre.Console;

namespace Transactions.Simulation;

/// <summary>Looks for the first seed that catches each mutant, and can write down what it found.</summary>
/// <param name="first">The first seed tried.</param>
/// <param name="count">How many seeds a mutant may survive.</param>
/// <param name="profile">Forces this weather upon every seed.</param>
internal sealed class MutantHunt(ulong first, int count, Profile? profile)
{
    // A hunt goes on for minutes: it leaves most of a machine to others.
    private const int MostAtOnce = 2;

    /// <summary>Hunts all mutants.</summary>
    /// <param name="mutants">Which.</param>
    /// <param name="record">The file of <see cref="KnownSeeds"/> to write anew; null for none.</param>
    /// <returns>The exit code: 1 when one survives.</returns>
    public int Run(IReadOnlyList<Mutant> mutants, string? record)
    {
        CaughtMutant[] found = new CaughtMutant[mutants.Count];
        Parallel.For(0, mutants.Count, new ParallelOptions { MaxDegreeOfParallelism = MostAtOnce }, i =>
        {
            found[i] = Hunt(mutants[i]);
            Console.Error.WriteLine(found[i]);
        });
        Show(found);
        if (record is not null)
        {
            KnownSeeds.Write(record, found);
        }

        return found.All(f => f.Seed is not null) ? 0 : 1;
    }

    private CaughtMutant Hunt(Mutant mutant)
    {
        for (int tried = 0; tried < count; tried++)
        {
            using Trace trace = new(isWritten: false);
            ulong seed = first + (ulong)tried;
            if (SimulationRun.Run(Scenario.FromSeed(seed, mutant, profile), trace).Violation is { } violation)
            {
                return new CaughtMutant(mutant.Name, seed, tried + 1, violation.Invariant);
            }
        }

        return new CaughtMutant(mutant.Name, null, count, "");
    }

    private static void Show(CaughtMutant[] found)
    {
        Table table = new Table().AddColumns("mutant", "caught by seed", "after", "invariant");
        foreach (CaughtMutant mutant in found)
        {
            table.AddRow(
                Markup.Escape(mutant.Name),
                mutant.Seed?.ToString(CultureInfo.InvariantCulture) ?? "[red]survived[/]",
                $"{mutant.Tried}",
                Markup.Escape(mutant.Invariant));
        }

        AnsiConsole.Write(table);
    }
}
