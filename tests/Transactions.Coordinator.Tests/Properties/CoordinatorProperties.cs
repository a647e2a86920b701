using CsCheck;
using Transactions.Model;

namespace Transactions.Coordinator.Tests.Properties;

public sealed class CoordinatorProperties
{
    // Long enough for a dozen transactions with all that may befall them.
    private static readonly Gen<byte[]> Tape = Gen.Byte.Array[50, 600];

    [Fact]
    [Trait("Rule", "X8")]
    [Trait("Rule", "X9")]
    [Trait("Rule", "X11")]
    [Trait("Rule", "D1")]
    [Trait("Rule", "D2")]
    [Trait("Rule", "D3")]
    [Trait("Rule", "D4")]
    [Trait("Rule", "D6")]
    [Trait("Rule", "I1")]
    [Trait("Rule", "I8")]
    public void Outcomes_UnderAnyOrderLossAndRepetition_AreOneEachAndAllEnd() =>
        Tape.Sample(tape => new World(tape).Play(), iter: 4_000, threads: 1);

    // A property that lets a broken protocol pass would prove nothing.
    [Theory]
    [InlineData(nameof(Mutation.NoCommitWait))]
    [InlineData(nameof(Mutation.AnswerBeforeDurable))]
    [InlineData(nameof(Mutation.AmbiguousInsertIsAbort))]
    [InlineData(nameof(Mutation.IgnoreValidUntil))]
    [InlineData(nameof(Mutation.IgnorePrepareTimestamps))]
    [InlineData(nameof(Mutation.TimeoutEndsOnePhase))]
    [InlineData(nameof(Mutation.ForgetEndedAtOnce))]
    public void Outcomes_OfAMutant_AreCaught(string name) => Assert.Contains(
        Enumerable.Range(0, 400), seed => IsCaught(RandomTape(seed), Enum.Parse<Mutation>(name)));

    private static bool IsCaught(byte[] tape, Mutation mutation)
    {
        try
        {
            new World(tape, mutation).Play();
            return false;
        }
        catch (Exception e) when (e is Xunit.Sdk.IAssertionException or BrokenInvariantException)
        {
            return true;
        }
    }

    private static byte[] RandomTape(int seed)
    {
        byte[] tape = new byte[500];
        new Random(seed).NextBytes(tape);
        return tape;
    }

    [Fact]
    public void Schedules_OfTheProperty_ReachCommitsAndAborts()
    {
        int commits = 0;
        int aborts = 0;
        for (int seed = 0; seed < 50; seed++)
        {
            World world = new(RandomTape(seed));
            world.Play();
            commits += world.Commits;
            aborts += world.Aborts;
        }

        Assert.InRange(commits, 50, int.MaxValue);
        Assert.InRange(aborts, 50, int.MaxValue);
    }
}
