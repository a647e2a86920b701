namespace Transactions.Simulation.Tests;

/// <summary>Each deliberately broken variant of the protocol is noticed.</summary>
/// <remarks>
/// It starts at the seed that is known to catch the mutant. Where that doesn't any more, since a change of the workload moves
/// what seeds do, it looks further; <c>--mutant all --seeds 1500 --first 1 --record tests/Transactions.Simulation/Mutants/seeds.tsv</c>
/// writes the table anew.
/// </remarks>
public sealed class MutantTests(ITestOutputHelper output)
{
    private const ulong MostSeeds = 1_500;

    public static TheoryData<string> Names { get; } =
        [.. KnownSeeds.All.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void Mutant_AtItsKnownSeed_IsCaught(string name)
    {
        Mutant mutant = Mutant.Find(name)!;
        ulong known = KnownSeeds.All[name].Seed ?? throw new InvalidOperationException($"No seed is known to catch {name}.");
        for (ulong i = 0; i <= MostSeeds; i++)
        {
            ulong seed = i == 0 ? known : i;
            if (Runs.Run(seed, mutant: mutant).Violation is { } violation)
            {
                output.WriteLine($"{name}: caught by seed {seed}: {violation}");
                return;
            }
        }

        Assert.Fail($"{name} survived {MostSeeds} seeds.");
    }

    [Fact]
    public void Table_OfKnownSeeds_NamesEveryMutant() =>
        Assert.Equal(Mutant.All.Select(mutant => mutant.Name).Order(), KnownSeeds.All.Keys.Order());
}
