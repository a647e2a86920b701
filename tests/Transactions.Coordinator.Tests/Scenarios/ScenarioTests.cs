namespace Transactions.Coordinator.Tests.Scenarios;

public sealed class ScenarioTests
{
    public static IEnumerable<TheoryDataRow<string>> All => Scenario.Names.Select(name =>
        Scenario.Load(name).Rules.Aggregate(new TheoryDataRow<string>(name), (row, rule) => row.WithTrait("Rule", rule)));

    [Theory]
    [MemberData(nameof(All))]
    public void Scenario_PlayedThrough_HasTheseEffects(string name)
    {
        Scenario scenario = Scenario.Load(name);
        ScenarioRunner runner = new();

        foreach (Scenario.Step step in scenario.Steps)
        {
            List<string> actual = runner.Play(step);
            Assert.True(
                step.Expected.SequenceEqual(actual),
                $"{name}.scenario, line {step.Line}: {step.Text}\nexpected\n{Show(step.Expected)}\nbut it did\n{Show(actual)}");
        }
    }

    [Fact]
    public void Scenarios_All_NameTheirRules() => Assert.All(Scenario.Names, name => Assert.NotEmpty(Scenario.Load(name).Rules));

    private static string Show(IEnumerable<string> lines) => string.Concat(lines.Select(line => $"  {line}\n"));
}
