using System.CommandLine;
using System.Globalization;

namespace Transactions.Simulation;

/// <summary>The command line: which seeds are run, with which mutant, and what is printed.</summary>
internal static class SimulateCommand
{
    public static int Run(string[] args)
    {
        Option<int> seeds = new("--seeds") { Description = "How many seeds to run.", DefaultValueFactory = _ => 100 };
        Option<ulong?> first = new("--first") { Description = "The first of these seeds; chosen by the clock if not given." };
        Option<ulong?> seed = new("--seed") { Description = "Run this seed only." };
        Option<bool> trace = new("--trace") { Description = "Print all that happens; for one seed." };
        Option<int> tail = new("--tail") { Description = "How many lines of the trace a failure shows.", DefaultValueFactory = _ => 60 };
        Option<int> threads = new("--threads")
        {
            Description = "How many seeds run at once, each on one thread.",
            DefaultValueFactory = _ => Environment.ProcessorCount,
        };
        Option<Profile?> profile = new("--profile") { Description = "Force this weather upon every seed." };
        Option<Workload?> workload = new("--workload") { Description = "Force this work upon every seed's clients." };
        Option<string?> without = new("--without") { Description = $"Parts to leave out, by commas: {string.Join(", ", Reductions.Names)}." };
        Option<int?> clients = new("--clients") { Description = "How many clients there are." };
        Option<int?> transactions = new("--transactions") { Description = "The most transactions that a run begins." };
        Option<bool> noShrink = new("--no-shrink") { Description = "Don't look for a shorter run that fails alike." };
        Option<string?> history = new("--history")
        {
            Description = "Write the clients' history there, as JSON lines; of several seeds, each gets a file of its own.",
        };
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
            seeds, first, seed, trace, tail, threads, profile, workload, without, clients, transactions, noShrink, history, mutant, record,
        };
        root.SetAction(parsed =>
        {
            ulong start = parsed.GetValue(seed) ?? parsed.GetValue(first) ?? (ulong)TimeProvider.System.GetTimestamp() % 1_000_000_000;
            int count = parsed.GetValue(seed) is null ? parsed.GetValue(seeds) : 1;
            string? name = parsed.GetValue(mutant);
            Mutant? known = name is null ? Mutant.None : Mutant.Find(name);
            string[] leftOut = parsed.GetValue(without)?.Split(',', StringSplitOptions.RemoveEmptyEntries) ?? [];
            if (Array.Find(leftOut, part => !Reductions.Names.Contains(part)) is { } unknown)
            {
                Console.Error.WriteLine($"There is no part '{unknown}' to leave out; --help names all.");
                return 2;
            }

            SeedSettings settings = new()
            {
                Mutant = known ?? Mutant.None,
                Profile = parsed.GetValue(profile),
                Workload = parsed.GetValue(workload),
                Without = [.. leftOut],
                Clients = parsed.GetValue(clients),
                Transactions = parsed.GetValue(transactions),
            };
            switch (name?.ToLower(CultureInfo.InvariantCulture))
            {
                case "list":
                    foreach (Mutant one in Mutant.All)
                    {
                        Console.WriteLine(one);
                    }

                    return 0;
                case "all" or "survivors":
                    return new MutantHunt(start, count, settings).Run(onlySurvivors: name == "survivors", parsed.GetValue(record));
                default:
                    if (known is null)
                    {
                        Console.Error.WriteLine($"There is no mutant '{name}'; --mutant list names all.");
                        return 2;
                    }

                    SeedOutput output = new(
                        parsed.GetValue(trace), parsed.GetValue(tail), !parsed.GetValue(noShrink), parsed.GetValue(history));
                    return new SeedRun(start, count, Math.Max(1, parsed.GetValue(threads)), settings, output).Run();
            }
        });
        return root.Parse(args).Invoke();
    }
}
