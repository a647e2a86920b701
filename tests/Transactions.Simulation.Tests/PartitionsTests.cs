namespace Transactions.Simulation.Tests;

/// <summary>Ways that are cut, in one direction or both, and heal.</summary>
public sealed class PartitionsTests
{
    [Fact]
    public void Cut_OneWay_LeavesTheOtherAndTheRest()
    {
        using Trace trace = new(isWritten: false);
        World world = new(Scenario.FromSeed(1), trace);
        Partitions partitions = new(world);

        partitions.Cut(["a", "b"], ["c"], 1_000);

        Assert.True(partitions.IsCut("a", "c"));
        Assert.True(partitions.IsCut("b", "c"));
        Assert.False(partitions.IsCut("c", "a"));
        Assert.False(partitions.IsCut("a", "b"));
        Assert.Equal(1_000, partitions.Left("a", "c"));
    }

    [Fact]
    public void Cut_UntilItsTime_HealsByItself()
    {
        using Trace trace = new(isWritten: false);
        World world = new(Scenario.FromSeed(1), trace);
        Partitions partitions = new(world);
        partitions.Cut(["a"], ["b"], 1_000);
        partitions.Cut(["a"], ["b"], 500);

        world.RunUntil(static () => false, 999);
        Assert.True(partitions.IsCut("a", "b"));
        world.RunUntil(static () => false, 1);
        Assert.False(partitions.IsCut("a", "b"));
    }

    [Fact]
    public void Heal_Early_FreesAllWays()
    {
        using Trace trace = new(isWritten: false);
        Partitions partitions = new(new World(Scenario.FromSeed(1), trace));
        partitions.Cut(["a"], ["b"], 1_000);

        partitions.Heal();

        Assert.False(partitions.IsCut("a", "b"));
    }
}
