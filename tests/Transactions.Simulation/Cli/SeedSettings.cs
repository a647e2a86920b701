using System.Collections.Immutable;

namespace Transactions.Simulation;

/// <summary>What the command line forces upon every seed.</summary>
internal sealed record SeedSettings
{
    public Mutant Mutant { get; init; } = Mutant.None;

    public Profile? Profile { get; init; }

    public Workload? Workload { get; init; }

    /// <summary>Parts of the scenario that are left out; see <see cref="Reductions"/>.</summary>
    public ImmutableArray<string> Without { get; init; } = [];

    public int? Clients { get; init; }

    /// <summary>The most transactions that a run begins.</summary>
    public int? Transactions { get; init; }

    public Scenario ToScenario(ulong seed)
    {
        Scenario scenario = Scenario.FromSeed(seed, Mutant, Profile, Workload);
        foreach (string name in Without)
        {
            scenario = Reductions.Without(scenario, name)
                ?? throw new ArgumentException($"There is no part '{name}'; there are: {string.Join(", ", Reductions.Names)}.");
        }

        scenario = scenario with
        {
            Clients = Clients ?? scenario.Clients,
            MostTransactions = Transactions ?? scenario.MostTransactions,
        };

        // Whoever asks for less than all of it gets less.
        return Without.IsEmpty && Transactions is null ? scenario : scenario with { LeastFaults = 0, LeastTransactions = 0 };
    }

    /// <summary>The command that runs a seed so.</summary>
    public string ToCommand(ulong seed)
    {
        List<string> words = [$"--seed {seed} --trace"];
        if (Mutant != Mutant.None)
        {
            words.Add($"--mutant {Mutant.Name}");
        }

        if (Profile is { } profile)
        {
            words.Add($"--profile {profile}");
        }

        if (Workload is { } workload)
        {
            words.Add($"--workload {workload}");
        }

        if (!Without.IsEmpty)
        {
            words.Add($"--without {string.Join(',', Without)}");
        }

        if (Clients is { } clients)
        {
            words.Add($"--clients {clients}");
        }

        if (Transactions is { } transactions)
        {
            words.Add($"--transactions {transactions}");
        }

        return $"dotnet run --project tests/Transactions.Simulation -c Release -- {string.Join(' ', words)}";
    }
}
