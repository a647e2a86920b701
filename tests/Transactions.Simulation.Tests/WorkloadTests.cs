using Transactions.Histories;

namespace Transactions.Simulation.Tests;

/// <summary>Each workload does what the history's checks need, and its history is whole.</summary>
public sealed class WorkloadTests
{
    private const int SeedsEach = 6;

    [Theory]
    [InlineData(nameof(Workload.Bank), OperationKind.Read, OperationKind.Write, OperationKind.Scan)]
    [InlineData(nameof(Workload.Append), OperationKind.Append, OperationKind.Read, OperationKind.Scan)]
    [InlineData(nameof(Workload.Register), OperationKind.Read, OperationKind.Write, OperationKind.Scan)]
    [InlineData(nameof(Workload.Mixed), OperationKind.Append, OperationKind.Read, OperationKind.Write, OperationKind.Scan)]
    public void History_OfAWorkload_HasEveryKindOfOperationAndEnding(string workload, params OperationKind[] kinds)
    {
        List<HistoryEvent> events = [];
        for (ulong seed = 1; seed <= SeedsEach; seed++)
        {
            SimulationResult result = Runs.AssertHolds(seed, Profile.Chaos, Enum.Parse<Workload>(workload));
            events.AddRange(result.History!.Events);
        }

        Assert.All([EventType.Invoke, EventType.Ok, EventType.Fail, EventType.Info], type => Assert.Contains(events, e => e.Type == type));
        HistoryEvent[] acknowledged = [.. events.Where(e => e.Type == EventType.Ok)];
        Assert.Equal(kinds.Order(), acknowledged.SelectMany(e => e.Operations).Select(o => o.Kind).Distinct().Order());
        Assert.All(acknowledged, e => Assert.True(e.Commit is not null || e.Snapshot is not null));
        Assert.Contains(acknowledged, e => e.Snapshot is not null && e.IsStale);
        Assert.Contains(acknowledged, e => e.Snapshot is not null && !e.IsStale);
        Assert.Contains(acknowledged, e => e.Commit is not null && !e.Operations.IsEmpty && !e.Operations.Any(o => o.IsWrite));
    }

    [Fact]
    public void History_OfRegisters_HasDeletions()
    {
        SimulationResult result = Runs.AssertHolds(1, Profile.Calm, Workload.Register);

        Assert.Contains(
            result.History!.Events,
            e => e.Type == EventType.Ok && e.Operations.Any(o => o is { Kind: OperationKind.Write, Value: null }));
    }

    // Nothing that was acknowledged is without a read after it: what is lost would be seen.
    [Theory]
    [InlineData(nameof(Workload.Bank))]
    [InlineData(nameof(Workload.Append))]
    [InlineData(nameof(Workload.Register))]
    public void LastReads_OfARun_SeeEveryKey(string workload)
    {
        SimulationResult result = Runs.AssertHolds(3, Profile.Crashes, Enum.Parse<Workload>(workload));

        CheckResult check = HistoryCheck.Run(result.History!);

        Assert.True(check.IsValid, check.ToString());
        Assert.Equal(0, check.Counters.KeysWithoutFinalRead);
        Assert.True(check.Counters.TimestampedReads > 100);
    }

    // What the checker would say of a run that lied: an acknowledged append that the last read lacks.
    [Fact]
    public void Check_OfAHistoryThatLostAnAppend_FindsIt()
    {
        SimulationResult result = Runs.AssertHolds(2, Profile.Calm, Workload.Append);
        HistoryEvent victim = result.History!.Events.Last(e => e.Type == EventType.Ok && e.Operations.Any(o => o.Kind == OperationKind.Append));
        string key = victim.Operations.First(o => o.Kind == OperationKind.Append).Key;
        long element = victim.Operations.First(o => o.Kind == OperationKind.Append).Value!.Value;

        History lying = new(result.History.Events.Select(e => e with
        {
            Operations = [.. e.Operations.Select(o => Without(o, key, element))],
        }));

        Assert.True(HistoryCheck.Run(lying).Has(AnomalyKind.LostWrite));
    }

    private static Operation Without(Operation operation, string key, long element) => operation.Kind switch
    {
        OperationKind.Read when operation.Key == key && !operation.Elements.IsDefaultOrEmpty =>
            Operation.Read(key, [.. operation.Elements.TakeWhile(e => e != element)]),
        OperationKind.Scan when !operation.Entries.IsDefault => Operation.Scan(operation.Key, operation.End,
        [
            .. operation.Entries
                .Select(entry => entry.Key == key ? (entry.Key, [.. entry.Elements.TakeWhile(e => e != element)]) : (entry.Key, entry.Elements))
                .Where(entry => !entry.Item2.IsEmpty)
                .Select(entry => new ScanEntry(entry.Key, entry.Item2)),
        ]),
        _ => operation,
    };
}
