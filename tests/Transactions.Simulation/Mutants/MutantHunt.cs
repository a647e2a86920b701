using System.Collections.Concurrent;
using System.Globalization;
using Spectre.Console;

namespace Transactions.Simulation;

/// <summary>Looks for the first seed that catches each mutant, and can write down what it found.</summary>
/// <param name="first">The first seed tried.</param>
/// <param name="count">How many seeds a mutant may survive.</param>
/// <param name="settings">What every run is made to be.</param>
internal sealed class MutantHunt(ulong first, int count, SeedSettings settings)
{
    // A hunt goes on for minutes: it leaves most of a machine to others.
    private const int MostAtOnce = 2;

    private readonly ConcurrentDictionary<ulong, bool> _sound = new();

    /// <summary>Hunts all mutants, or those that no seed is known to catch.</summary>
    /// <param name="onlySurvivors">Whether those are left out that the table has a seed for.</param>
    /// <param name="record">The file of <see cref="KnownSeeds"/>, to be written anew; null for the one built in.</param>
    /// <returns>The exit code: 1 when one survives.</returns>
    public int Run(bool onlySurvivors, string? record)
    {
        IReadOnlyDictionary<string, CaughtMutant> known = record is null ? KnownSeeds.All : KnownSeeds.Read(record);
        Mutant[] mutants = [.. Mutant.All.Where(m => !onlySurvivors || known.GetValueOrDefault(m.Name)?.Seed is null)];
        CaughtMutant[] found = new CaughtMutant[mutants.Length];
        Parallel.For(0, mutants.Length, new ParallelOptions { MaxDegreeOfParallelism = MostAtOnce }, i =>
        {
            found[i] = Hunt(mutants[i]);
            Console.Error.WriteLine(found[i]);
        });
        Show(found);
        if (record is not null)
        {
            Dictionary<string, CaughtMutant> hunted = found.ToDictionary(f => f.Name);
            KnownSeeds.Write(record, Mutant.All.Select(m => hunted.GetValueOrDefault(m.Name) ?? known[m.Name]));
        }

        return found.All(f => f.Seed is not null) ? 0 : 1;
    }

    private CaughtMutant Hunt(Mutant mutant)
    {
        for (int tried = 0; tried < count; tried++)
        {
            ulong seed = first + (ulong)tried;
            if (FindViolation(seed, mutant) is { } violation && IsSound(seed))
            {
                return new CaughtMutant(mutant.Name, seed, tried + 1, violation.Invariant);
            }
        }

        return new CaughtMutant(mutant.Name, null, count, "");
    }

    // A seed that fails without any mutant, too, says nothing of this one.
    private bool IsSound(ulong seed) => _sound.GetOrAdd(seed, s => FindViolation(s, Mutant.None) is null);

    private Violation? FindViolation(ulong seed, Mutant mutant)
    {
        using Trace trace = new(isWritten: false);
        return SimulationRun.Run((settings with { Mutant = mutant }).ToScenario(seed), trace).Violation;
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
