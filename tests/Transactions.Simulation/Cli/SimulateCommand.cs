using System.CommandLine;
using System.Globalization;

namespace Transactions.Simulation;

/// <summary>The command line: which seeds are run, with which mutant, and what is printed.</summary>
internal static class SimulateCommand
{
    public static int Run(string[] args)
    {
        Option<int> seeds = new("--seeds") { Description = "How many seeds to run, one after the other.", DefaultValueFactory = _ => 100 };
        Option<ulong?> first = new("--first") { Description = "The first of these seeds; chosen by the clock if not given." };
        Option<ulong?> seed = new("--seed") { Description = "Run this seed only." };
        Option<bool> trace = new("--trace") { Description = "Print all that happens; for one seed." };
        Option<int> tail = new("--tail") { Description = "How many lines of the trace a failure shows.", DefaultValueFactory = _ => 60 };
        Option<Profile?> profile = new("--profile") { Description = "Force this weather upon every seed." };
        Option<string?> mutant = new("--mutant")
        {
            Description = "'list' to see all, 'all' to try to catch each, 'survivors' for those that no seed is known to catch, or the name "
                + "of one to run.",
        };
        Option<string?> record = new("--record")
        {
            Description = "With --mutant all or survivors: the table of seeds that catch mutants, read and written.",
        };
        RootCommand root = new("Simulates a whole cluster in virtual time, with faults from a seed, and checks every invariant at every step.")
        {
            seeds, first, seed, trace, tail, profile, mutant, record,
        };
        root.SetAction(parsed =>
        {
            ulong start = parsed.GetValue(seed) ?? parsed.GetValue(first) ?? (ulong)TimeProvider.System.GetTimestamp() % 1_000_000_000;
            int count = parsed.GetValue(seed) is null ? parsed.GetValue(seeds) : 1;
            string? name = parsed.GetValue(mutant);
            SeedRun run = new(start, count, parsed.GetValue(profile), parsed.GetValue(tail), parsed.GetValue(trace));
            switch (name?.ToLower(CultureInfo.InvariantCulture))
            {
                case null:
                    return run.Run(Mutant.None);
                case "list":
                    foreach (Mutant known in Mutant.All)
                    {
                        Console.WriteLine(known);
                    }

                    return 0;
                case "all" or "survivors":
                    MutantHunt hunt = new(start, count, parsed.GetValue(profile));
                    return hunt.Run(onlySurvivors: name.Length > 3, parsed.GetValue(record));
                default:
                    if (Mutant.Find(name) is { } found)
                    {
                        return run.Run(found);
                    }

                    Console.Error.WriteLine($"There is no mutant '{name}'; --mutant list names all.");
                    return 2;
            }
        });
        return root.Parse(args).Invoke();
    }
}
