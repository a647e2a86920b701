using CsCheck;
using Xunit;
using Xunit.Sdk;

namespace Transactions.Participant.Tests;

public sealed class ShardMachineProperties
{
    private static readonly Gen<(int, int, int, int)[]> Histories =
        Gen.Select(Gen.Int[0, 999], Gen.Int[0, 1_000], Gen.Int[0, 1_000], Gen.Int[0, 1_000]).Array[50, 500];

    [Fact]
    [Trait("Rule", "X2")]
    [Trait("Rule", "X7")]
    [Trait("Rule", "X10")]
    [Trait("Rule", "X11")]
    [Trait("Rule", "S2")]
    [Trait("Rule", "S4")]
    [Trait("Rule", "L6")]
    public void AnyHistory_WithFailuresRepeatsAndDeaths_IsSerializableAndEnds()
    {
        int committed = 0;
        Histories.Sample(
            steps =>
            {
                RandomHistory history = new();
                foreach ((int kind, int who, int what, int extra) in steps)
                {
                    history.Do(kind, who, what, extra);
                }

                history.End();
                Interlocked.Add(ref committed, history.Committed);
            },
            iter: 2_000,
            threads: 1);

        TestContext.Current.TestOutputHelper?.WriteLine($"{committed} transactions committed.");
        Assert.True(committed > 2_000, $"Only {committed} transactions committed.");
    }

    // Rules broken on purpose: a check that doesn't notice is worth nothing. The others need a second clock, a client that
    // counts wrongly, or a look at the moment of an answer: scenarios show them.
    [Theory]
    [InlineData(Mutation.ForgetServedReads)]
    [InlineData(Mutation.ReadPastPrepared)]
    [InlineData(Mutation.NoRangeLocks)]
    [InlineData(Mutation.RunRepeatsAgain)]
    [InlineData(Mutation.VoteBeforePersisted)]
    [InlineData(Mutation.ForgetEnded)]
    internal void AnyHistory_WithARuleBroken_IsNoticed(Mutation mutation)
    {
        for (int seed = 0; seed < 2_000; seed++)
        {
            Random random = new(seed);
            try
            {
                RandomHistory history = new(mutation);
                for (int step = 0; step < 300; step++)
                {
                    history.Do(random.Next(1_000), random.Next(1_001), random.Next(1_001), random.Next(1_001));
                }

                history.End();
            }
            catch (Exception e) when (e is IAssertionException or Model.BrokenInvariantException)
            {
                TestContext.Current.TestOutputHelper?.WriteLine($"Noticed in history {seed}: {e.Message}");
                return;
            }
        }

        Assert.Fail($"Nobody noticed {mutation}.");
    }
}
