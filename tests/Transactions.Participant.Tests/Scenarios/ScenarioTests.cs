using Xunit;

namespace Transactions.Participant.Tests;

public sealed class ScenarioTests
{
    public static TheoryData<string> Scenarios
    {
        get
        {
            TheoryData<string> data = [];
            foreach (Scenario scenario in Scenario.All)
            {
                TheoryDataRow<string> row = new(scenario.Title);
                row.Traits.Add("Rule", [.. scenario.Rules]);
                data.Add(row);
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Scenarios))]
    public void Run_Scenario_EffectsAreAsWritten(string title)
    {
        Scenario scenario = Scenario.Find(title);

        IReadOnlyList<string> happened = new ScenarioRunner().Run(scenario);

        Assert.DoesNotContain(scenario.Lines, line => line.Contains("!!", StringComparison.Ordinal));
        Assert.True(scenario.Lines.SequenceEqual(happened), $"'{title}' went like this:\n{string.Join('\n', happened)}\n");
    }
}
