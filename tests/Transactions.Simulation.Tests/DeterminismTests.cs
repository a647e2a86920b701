namespace Transactions.Simulation.Tests;

/// <summary>The seed alone decides what happens.</summary>
public sealed class DeterminismTests
{
    [Theory]
    [InlineData(1, nameof(Profile.Calm))]
    [InlineData(2, nameof(Profile.Network))]
    [InlineData(3, nameof(Profile.Crashes))]
    [InlineData(4, nameof(Profile.Storage))]
    [InlineData(5, nameof(Profile.Chaos))]
    [InlineData(6, nameof(Profile.Chaos))]
    public void Trace_OfOneSeedTwice_IsTheSameByteForByte(int seed, string profile)
    {
        Assert.Equal(WrittenTrace(seed, profile), WrittenTrace(seed, profile));
    }

    [Fact]
    public void Trace_OfTwoSeeds_Differs()
    {
        Assert.NotEqual(WrittenTrace(1, nameof(Profile.Chaos)), WrittenTrace(2, nameof(Profile.Chaos)));
    }

    private static string WrittenTrace(int seed, string profile)
    {
        using Trace trace = new(isWritten: true);
        SimulationResult result = SimulationRun.Run(Scenario.FromSeed((ulong)seed, profile: Enum.Parse<Profile>(profile)), trace);
        Assert.Null(result.Violation);
        return result.TraceHash;
    }
}
