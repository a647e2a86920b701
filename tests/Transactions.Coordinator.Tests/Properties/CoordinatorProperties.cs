using CsCheck;

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
        Tape.Sample(tape => new World(tape).Play(), iter: 2_000, threads: 1);

    [Fact]
    public void Schedules_OfTheProperty_ReachCommitsAndAborts()
    {
        int commits = 0;
        int aborts = 0;
        for (int seed = 0; seed < 50; seed++)
        {
            byte[] tape = new byte[400];
            new Random(seed).NextBytes(tape);
            World world = new(tape);
            world.Play();
            commits += world.Commits;
            aborts += world.Aborts;
        }

        Assert.InRange(commits, 50, int.MaxValue);
        Assert.InRange(aborts, 50, int.MaxValue);
    }
}
