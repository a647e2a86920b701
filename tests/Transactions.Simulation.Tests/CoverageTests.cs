namespace Transactions.Simulation.Tests;

/// <summary>A simulation that never walks a path proves nothing of it.</summary>
public sealed class CoverageTests
{
    // What a few hundred seeds meet too rarely to rely on.
    private static readonly Path[] Rare = [Path.NotTakenUp];

    [Fact]
    public void Paths_OfManySeeds_AreAllWalked()
    {
        Counters counters = new();
        for (ulong seed = 10_000; seed < 10_150; seed++)
        {
            counters.Add(Runs.AssertHolds(seed).Counters);
        }

        Path[] missed = [.. Enum.GetValues<Path>().Where(p => counters[p] == 0 && !Rare.Contains(p))];

        Assert.Empty(missed);
    }
}
