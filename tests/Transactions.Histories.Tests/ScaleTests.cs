namespace Transactions.Histories.Tests;

/// <summary>Work grows with the history, not with its square: by counted edges and steps, not by the clock.</summary>
public sealed class ScaleTests
{
    private static readonly WorldOptions Lists =
        new() { Transactions = 100_000, Processes = 32, Keys = 30, Timestamps = true, Snapshots = true, WritesPerKeySet = 600 };

    [Theory]
    [InlineData(false, true)]
    [InlineData(true, true)]
    [InlineData(true, false)]
    public void Check_OfManyTransactions_GrowsWithThem(bool registers, bool timestamps)
    {
        WorldOptions options = Lists with { Registers = registers, Timestamps = timestamps };
        CheckCounters small = Check(options with { Transactions = 10_000 });
        CheckCounters large = Check(options);

        Assert.Equal(100_000, large.Transactions);
        Assert.True(large.Edges < 15 * large.Transactions, $"{large}");
        Assert.True(large.Nodes <= 4 * large.Transactions, $"{large}");
        Assert.True(large.Edges < 12L * small.Edges, $"{small} {large}");
        Assert.True(large.Steps <= 3L * large.Edges, $"{large}");
    }

    // A read that is late by tens of thousands of transactions holds all of these in one component.
    [Fact]
    public void Check_OfAWrongHistory_IsBoundedToo()
    {
        History history = World.Run(1, Lists with { Transactions = 20_000, WritesPerKeySet = 0, Keys = 1_000 });
        int last = history.Events.Length - 1;
        while (history.Events[last].Type != EventType.Ok || history.Events[last].Operations[0] is not { Kind: OperationKind.Read, Elements: { IsDefaultOrEmpty: false } })
        {
            last--;
        }

        Operation read = history.Events[last].Operations[0];
        CheckResult result = HistoryCheck.Run(Mutations.Replace(history, last, 0, Operation.Read(read.Key, read.Elements[..1])));
        Assert.True(result.Has(AnomalyKind.StaleRead) || result.Has(AnomalyKind.SnapshotRead), result.ToString());
        Assert.True(result.Counters.Steps < 400L * result.Counters.Edges, result.Counters.ToString());
    }

    // All read one version, and all that anybody wrote comes after it in no known order: pairs would be a million.
    [Fact]
    public void Check_OfManyReadersAndManyWriters_IsNoSquare()
    {
        Script script = new();
        for (int i = 0; i < 2_000; i++)
        {
            script.Begin(i);
        }

        for (int i = 0; i < 1_000; i++)
        {
            script.Ok(i, Script.List("x")).Ok(1_000 + i, Script.Append("x", i));
        }

        CheckCounters counters = script.IsClean().Check().Counters;
        Assert.True(counters.Edges < 10_000, counters.ToString());
    }

    // The same, and one of them read what it overwrites: it goes before all the others, and not before itself.
    [Fact]
    public void Check_OfManyReadersAndOneThatOverwrites_KnowsItself()
    {
        Script Crowd(int readingWriters)
        {
            Script script = new();
            for (int i = 0; i < 200; i++)
            {
                script.Begin(i);
            }

            for (int i = 0; i < 100; i++)
            {
                script.Ok(i, Script.List("x"));
                script.Ok(100 + i, i < readingWriters ? [Script.List("x"), Script.Append("x", i)] : [Script.Append("x", i)]);
            }

            return script;
        }

        Crowd(1).IsClean();
        Crowd(3).Shows(AnomalyKind.LostUpdate, AnomalyKind.G2Item);

        // One that read nothing had ended before the one that read began: it can't come after that.
        Script late = new Script().Run(1_000, Script.Append("x", 1_000));
        for (int i = 0; i < 200; i++)
        {
            late.Begin(i);
        }

        for (int i = 0; i < 100; i++)
        {
            late.Ok(i, Script.List("x")).Ok(100 + i, Script.Append("x", i));
        }

        late.Shows(AnomalyKind.StaleRead, AnomalyKind.GSingleRealtime);
    }

    private static CheckCounters Check(WorldOptions options)
    {
        CheckResult result = HistoryCheck.Run(World.Run(7, options));
        Assert.True(result.IsValid, result.ToString());
        return result.Counters;
    }
}
