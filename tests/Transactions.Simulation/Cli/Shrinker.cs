namespace Transactions.Simulation;

/// <summary>Looks for the smallest part of a scenario that still breaks the invariant which all of it broke.</summary>
/// <remarks>
/// Every step runs the seed anew, with one part less: what that changes changes all that follows, so a step is kept only if the
/// same invariant breaks.
/// </remarks>
internal sealed class Shrinker(SeedSettings settings, Action<SeedSettings> kept)
{
    private string _invariant = "";

    /// <summary>The settings that are left.</summary>
    public SeedSettings Shrink(ulong seed, SimulationResult broken)
    {
        _invariant = broken.Violation!.Invariant;
        SeedSettings smallest = settings with
        {
            Transactions = (int)Math.Max(1, Math.Min(broken.Scenario.MostTransactions, broken.Counters[Path.Transactions])),
            Clients = broken.Scenario.Clients,
        };
        foreach (string name in Reductions.Names)
        {
            Try(seed, ref smallest, smallest with { Without = smallest.Without.Add(name) });
        }

        while (smallest.Clients > 1 && Try(seed, ref smallest, smallest with { Clients = smallest.Clients - 1 }))
        {
        }

        for (int share = 2; share <= 16; share *= 2)
        {
            int fewer = smallest.Transactions!.Value * (share - 1) / share;
            while (fewer < smallest.Transactions && fewer > 0 && Try(seed, ref smallest, smallest with { Transactions = fewer }))
            {
                fewer = fewer * (share - 1) / share;
            }
        }

        return smallest;
    }

    private bool Try(ulong seed, ref SeedSettings smallest, SeedSettings candidate)
    {
        using Trace trace = new(isWritten: false);
        if (SimulationRun.Run(candidate.ToScenario(seed), trace).Violation?.Invariant != _invariant)
        {
            return false;
        }

        smallest = candidate;
        kept(candidate);
        return true;
    }
}
