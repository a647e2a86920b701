using System.Security.Cryptography;

namespace Transactions.Simulation.Tests;

/// <summary>Every invariant, under seeds that nobody has run before.</summary>
/// <remarks>A failure names its seed, which then joins those of <see cref="InvariantTests"/>.</remarks>
public sealed class FreshSeedTests(ITestOutputHelper output)
{
    private const int Seeds = 300;

    // Beyond those that are run by hand.
    private const int First = 1_000_000;

    [Fact]
    [Trait("Rule", "invariants")]
    public void Invariants_UnderFreshSeeds_Hold()
    {
        ulong first = (ulong)RandomNumberGenerator.GetInt32(First, int.MaxValue);
        output.WriteLine($"{Seeds} seeds from {first}");
        for (ulong seed = first; seed < first + Seeds; seed++)
        {
            Runs.AssertHolds(seed);
        }
    }
}
