using CsCheck;

namespace Transactions.Histories.Tests.Properties;

public sealed class LargeHistoryProperties
{
    private static readonly Gen<int> Seeds = Gen.Int[0, 1_000_000_000];

    public static TheoryData<string> Kinds => [.. Worlds.Keys];

    private static Dictionary<string, WorldOptions> Worlds { get; } = new()
    {
        ["lists"] = new() { Transactions = 150, Processes = 8, Keys = 6 },
        ["lists of one key"] = new() { Transactions = 100, Processes = 12, Keys = 1 },
        ["lists with all"] = new() { Transactions = 150, Processes = 8, Keys = 8, Scans = true, Snapshots = true, Timestamps = true },
        ["registers"] = new() { Transactions = 150, Processes = 8, Keys = 6, Registers = true },
        ["registers with all"] = new()
        {
            Transactions = 150, Processes = 8, Keys = 8, Registers = true, Repeats = true, Scans = true, Snapshots = true, Timestamps = true,
        },
        ["registers with all but timestamps"] = new()
        {
            Transactions = 150, Processes = 8, Keys = 8, Registers = true, Repeats = true, Scans = true, Snapshots = true,
        },
        ["many writers of few registers"] = new() { Transactions = 200, Processes = 40, Keys = 2, Registers = true, MaxOperations = 2 },
    };

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Check_OfAStrictlySerializableExecution_IsClean(string kind) =>
        Seeds.Sample(seed =>
        {
            History history = World.Run(seed, Worlds[kind]);
            foreach (ConsistencyModel model in (ConsistencyModel[])[ConsistencyModel.StrictSerializable, ConsistencyModel.Serializable])
            {
                CheckResult result = HistoryCheck.Run(history, new CheckOptions { Model = model });
                Assert.True(result.IsValid, $"{result}");
            }
        }, iter: 150);

    [Fact]
    public void Lines_OfAnyHistory_ReadBackTheSame() =>
        Seeds.Sample(seed =>
        {
            History history = World.Run(seed, Worlds["registers with all"]);
            Assert.Equal(history.Events.AsEnumerable(), HistoryReader.FromText(HistoryWriter.ToText(history)).Events);
        }, iter: 50);

    [Fact]
    public void Check_Twice_SaysTheSame() =>
        Seeds.Sample(seed =>
        {
            Random random = new(seed);
            History history = World.Run(seed, Worlds["lists with all"]);
            for (int i = 0; i < 8; i++)
            {
                History changed = history;
                try
                {
                    changed = Mutations.Any(history, random);
                }
                catch (HistoryFormatException)
                {
                    // A process would have two transactions at once.
                }

                history = changed;
            }

            Assert.Equal(HistoryCheck.Run(history).ToString(), HistoryCheck.Run(history).ToString());
        }, iter: 50);
}
