using Xunit;

namespace Transactions.Simulation.Tests;

/// <summary>The cluster under crashes, delays and duplicates keeps its invariants (PROTOCOL.md), whatever the seed.</summary>
public sealed class SeedTests
{
    private const int SeedsInABatch = 25;

    public static TheoryData<ulong> FixedBatches => [1, 1_001, 2_001, 3_001];

    [Theory]
    [MemberData(nameof(FixedBatches))]
    public void Invariants_UnderFaults_Hold(ulong first) => AssertHold(first, SeedsInABatch);

    [Theory]
    [InlineData(7)]
    [InlineData(1_234_567)]
    public void Trace_OfTheSameSeed_IsTheSame(ulong seed)
    {
        SimulationResult first = Run(seed);
        SimulationResult second = Run(seed);

        Assert.Equal(first.TraceHash, second.TraceHash);
        Assert.Equal(first.Steps, second.Steps);
    }

    [Fact]
    public void Trace_OfAnotherSeed_IsAnother() => Assert.NotEqual(Run(1).TraceHash, Run(2).TraceHash);

    private static void AssertHold(ulong first, int count)
    {
        for (ulong seed = first; seed < first + (ulong)count; seed++)
        {
            SimulationResult result = Run(seed);
            Assert.True(
                result.Violation is null,
                $"Seed {seed}: {result.Violation}. See it with: dotnet run --project tests/Transactions.Simulation -- --seed {seed} --trace");
        }
    }

    private static SimulationResult Run(ulong seed)
    {
        using Trace trace = new(isWritten: false);
        return SimulationRun.Run(Scenario.FromSeed(seed, Mutant.None), trace);
    }
}
