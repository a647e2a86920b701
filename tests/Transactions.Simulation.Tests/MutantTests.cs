namespace Transactions.Simulation.Tests;

/// <summary>Each deliberately broken variant of the protocol is noticed.</summary>
public sealed class MutantTests(ITestOutputHelper output)
{
    /// <summary>Most are caught by the first few seeds.</summary>
    private const int MostSeeds = 200;

    /// <summary>Mutants that no history of this version can show, and why.</summary>
    private static readonly Dictionary<string, string> Equivalent = new()
    {
        // A commit's outcome reaches a shard when true time is past its timestamp (X9), so that the floor of whoever gets the
        // locks next, taken later still, lies above it anyway. Without commit-wait, in hybrid mode, it would show.
        ["Participant.FreeLocksUnobserved"] = "X10 is implied by X6 and X9 in bounded mode",

        // CommitOnePhase is only sent to an owner of the generation named or a later one, and an owner never answers one
        // that names a later generation than its own.
        ["Coordinator.AnyOwnerRefusesOnePhase"] = "an earlier owner is never asked, and wouldn't answer",
    };

    public static TheoryData<string> Names { get; } = [.. Mutant.All.Select(m => m.Name).Where(n => !Equivalent.ContainsKey(n))];

    [Theory]
    [MemberData(nameof(Names))]
    public void Mutant_WithinAFewSeeds_IsCaught(string name)
    {
        Mutant mutant = Mutant.Find(name)!;
        for (ulong seed = 1; seed <= MostSeeds; seed++)
        {
            if (Runs.Run(seed, mutant: mutant).Violation is { } violation)
            {
                output.WriteLine($"{name}: caught by seed {seed}: {violation}");
                return;
            }
        }

        Assert.Fail($"{name} survived {MostSeeds} seeds.");
    }
}
