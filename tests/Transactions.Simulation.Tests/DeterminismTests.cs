using Transactions.Histories;

namespace Transactions.Simulation.Tests;

/// <summary>The seed alone decides what happens.</summary>
public sealed class DeterminismTests
{
    [Theory]
    [InlineData(1, nameof(Profile.Calm), nameof(Workload.Bank))]
    [InlineData(2, nameof(Profile.Network), nameof(Workload.Append))]
    [InlineData(3, nameof(Profile.Crashes), nameof(Workload.Register))]
    [InlineData(4, nameof(Profile.Storage), nameof(Workload.Mixed))]
    [InlineData(5, nameof(Profile.Chaos), nameof(Workload.Append))]
    [InlineData(6, nameof(Profile.Chaos), nameof(Workload.Mixed))]
    [InlineData(7, nameof(Profile.Clocks), nameof(Workload.Bank))]
    [InlineData(8, nameof(Profile.Expiry), nameof(Workload.Register))]
    [InlineData(9, nameof(Profile.Zombies), nameof(Workload.Bank))]
    public void Trace_OfOneSeedTwice_IsTheSameByteForByte(int seed, string profile, string workload)
    {
        Assert.Equal(WrittenTrace(seed, profile, workload), WrittenTrace(seed, profile, workload));
    }

    [Fact]
    public void Trace_OfTwoSeeds_Differs()
    {
        Assert.NotEqual(WrittenTrace(1, nameof(Profile.Chaos), nameof(Workload.Append)), WrittenTrace(2, nameof(Profile.Chaos), nameof(Workload.Append)));
    }

    // The history too: it is what other checkers get.
    private static (string Trace, string History) WrittenTrace(int seed, string profile, string workload)
    {
        using Trace trace = new(isWritten: true);
        SimulationResult result = SimulationRun.Run(
            Scenario.FromSeed((ulong)seed, profile: Enum.Parse<Profile>(profile), workload: Enum.Parse<Workload>(workload)), trace);
        Assert.Null(result.Violation);
        return (result.TraceHash, HistoryWriter.ToText(result.History!));
    }
}
