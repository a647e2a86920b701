using Xunit;

namespace Transactions.Participant.Tests;

public sealed class MutantTests
{
    public static TheoryData<string> Mutations =>
        [.. Enum.GetNames<Mutation>().Where(n => n != nameof(Mutation.None))];

    // A broken rule that no scenario notices would be a rule without a test.
    [Theory]
    [MemberData(nameof(Mutations))]
    public void Mutation_OfTheProtocol_IsCaughtByAScenario(string name)
    {
        Mutation mutation = Enum.Parse<Mutation>(name);

        Assert.Contains(Scenario.All, scenario => IsCaughtBy(scenario, mutation));
    }

    private static bool IsCaughtBy(Scenario scenario, Mutation mutation) =>
        !scenario.Lines.SequenceEqual(new ScenarioRunner { Mutation = mutation }.Run(scenario));
}
