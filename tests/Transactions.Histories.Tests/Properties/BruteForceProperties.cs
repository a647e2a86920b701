using CsCheck;

namespace Transactions.Histories.Tests.Properties;

/// <summary>The checker against one that tries every order, on histories small enough for that.</summary>
public sealed class BruteForceProperties
{
    private const int Iterations = 20_000;

    private static readonly Gen<(int Seed, int Changes)> Seeds = Gen.Select(Gen.Int[0, 1_000_000_000], Gen.Int[0, 3]);

    private static readonly WorldOptions Lists = new() { Transactions = 5, Processes = 3, Keys = 2, MaxOperations = 3 };

    private static readonly WorldOptions Registers = Lists with { Registers = true };

    // Versions of lists are in a known order, and elements that nobody read can be appended in any order that the rest allows:
    // so a graph without a cycle is an order, and a cycle leaves none. Nothing is missed, and nothing is made up.
    [Fact]
    public void Lists_ByRealTime_AreJudgedExactly() => Compare(Lists, ConsistencyModel.StrictSerializable, isExact: true);

    [Fact]
    public void Lists_WithoutRealTime_AreJudgedExactly() => Compare(Lists, ConsistencyModel.Serializable, isExact: true);

    [Fact]
    public void Lists_OfOneOperationEach_AreJudgedExactly() =>
        Compare(Lists with { MaxOperations = 1, Keys = 1 }, ConsistencyModel.StrictSerializable, isExact: true);

    [Fact]
    public void Lists_WithScansAndSnapshots_AreJudgedExactly() =>
        Compare(Lists with { Scans = true, Snapshots = true, Keys = 3 }, ConsistencyModel.StrictSerializable, isExact: true);

    // Of registers the order of versions is known in part: what is found is wrong, and some wrong is missed.
    [Fact]
    public void Registers_ByRealTime_AreNeverAccusedWrongly() => Compare(Registers, ConsistencyModel.StrictSerializable, isExact: false);

    [Fact]
    public void Registers_WithoutRealTime_AreNeverAccusedWrongly() => Compare(Registers, ConsistencyModel.Serializable, isExact: false);

    [Fact]
    public void Registers_WithDeletionsAndEqualValuesAndScans_AreNeverAccusedWrongly() =>
        Compare(Registers with { Repeats = true, Scans = true, Snapshots = true }, ConsistencyModel.StrictSerializable, isExact: false);

    private static void Compare(WorldOptions options, ConsistencyModel model, bool isExact)
    {
        int[] counts = new int[3];
        Seeds.Sample(input =>
        {
            if (Make(input.Seed, input.Changes, options) is not { } history)
            {
                return;
            }

            bool isRealTime = model == ConsistencyModel.StrictSerializable;
            bool isSerializable = BruteForce.IsSerializable(history, isRealTime);
            CheckResult result = HistoryCheck.Run(history, new CheckOptions { Model = model, FinalReads = isRealTime });
            if (isExact ? result.IsValid != isSerializable : isSerializable && !result.IsValid)
            {
                Assert.Fail($"{(isSerializable ? "has" : "has no")} order, and is {result}\n{HistoryWriter.ToText(history)}");
            }

            Interlocked.Increment(ref counts[isSerializable ? 0 : result.IsValid ? 2 : 1]);
        }, iter: Iterations);

        // Neither all right nor all wrong, or nothing was compared; and of what is wrong most is found.
        Assert.True(counts[0] > Iterations / 10 && counts[1] > Iterations / 10, $"{counts[0]} right, {counts[1]} wrong and found, {counts[2]} missed");
        Assert.True(counts[2] < (counts[1] / 4) + 1, $"{counts[1]} found, {counts[2]} missed");
    }

    internal static History? Make(int seed, int changes, WorldOptions options)
    {
        Random random = new(seed);
        History history = World.Run(seed, options);
        try
        {
            for (int i = 0; i < changes; i++)
            {
                history = Mutations.Any(history, random);
            }

            return history;
        }
        catch (HistoryFormatException)
        {
            // A process would have two transactions at once.
            return null;
        }
    }
}
