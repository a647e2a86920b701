namespace Transactions.Simulation.Tests;

/// <summary>
/// A clock outside its bound takes away what the protocol's timestamps rest on (T3): no rule promises anything then. What can be asked is
/// that the run notices, and that nothing but the excess was to blame.
/// </summary>
public sealed class BeyondBoundsTests(ITestOutputHelper output)
{
    private const int Seeds = 25;

    [Fact]
    [Trait("Rule", "T3")]
    public void Excess_OfAClock_IsNoticedAndAloneToBlame()
    {
        int caught = 0;
        for (ulong seed = 1; seed <= Seeds; seed++)
        {
            SimulationResult result = Runs.Run(seed, Profile.BeyondBounds);
            Assert.True(result.Counters[Fault.ClockBeyondBound] > 0);
            if (result.Violation is { } violation)
            {
                caught++;
                output.WriteLine($"seed {seed}: {violation.Invariant}");
                Assert.Null(Runs.RunWithout(seed, Profile.BeyondBounds, "excess").Violation);
            }
        }

        output.WriteLine($"{caught} of {Seeds}");
        Assert.True(caught >= Seeds / 2, $"{caught} of {Seeds} seeds noticed.");
    }
}
