using Transactions.Coordinator.Tests.Scenarios;
using Transactions.Model;

namespace Transactions.Coordinator.Tests.Mutants;

public sealed class MutantTests
{
    public static TheoryData<string> Mutations => [.. Enum.GetNames<Mutation>().Where(n => n != nameof(Mutation.None))];

    // A broken rule that no scenario notices would be a rule without a test.
    [Theory]
    [MemberData(nameof(Mutations))]
    public void Mutation_OfTheProtocol_IsCaughtByAScenario(string name)
    {
        Mutation mutation = Enum.Parse<Mutation>(name);

        Assert.Contains(Scenario.Names, scenario => IsCaughtBy(scenario, mutation));
    }

    [Fact]
    public void Mutation_None_IsCaughtByNoScenario() =>
        Assert.DoesNotContain(Scenario.Names, scenario => IsCaughtBy(scenario, Mutation.None));

    private static bool IsCaughtBy(string scenario, Mutation mutation)
    {
        ScenarioRunner runner = new() { Mutation = mutation };
        try
        {
            return Scenario.Load(scenario).Steps.Any(step => !step.Expected.SequenceEqual(runner.Play(step)));
        }
        catch (Exception e) when (e is BrokenInvariantException or KeyNotFoundException)
        {
            // An invariant broke, or the mutant didn't do what the next step answers.
            return true;
        }
    }
}
