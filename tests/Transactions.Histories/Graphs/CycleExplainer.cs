using System.Collections.Immutable;
using System.Text;

namespace Transactions.Histories;

/// <summary>Tells a cycle edge by edge: <c>T1 -ww[key x: 3 before 4]-> T2</c>.</summary>
internal sealed class CycleExplainer(TransactionTable table, DependencyGraph graph, AnomalyLog log)
{
    public void Tell(int[] cycle)
    {
        AnomalyKind kind = CycleNaming.NameOf(graph, cycle);
        if (!log.Count(kind))
        {
            return;
        }

        ImmutableArray<CycleStep> steps = Steps(cycle);
        StringBuilder text = new($"{steps.Length} transactions, each before the next:");
        foreach (CycleStep step in steps)
        {
            text.Append(Environment.NewLine).Append($"  T{step.From} -{step.Evidence}-> T{step.To}");
        }

        Transaction?[] concerned = [.. cycle.Select(number => graph[number].From).Where(IsTransaction).Select(node => table.Transactions[node])];
        log.Tell(kind, key: null, text.ToString(), steps, concerned);
    }

    private bool IsTransaction(int node) => node < graph.Transactions;

    // What leads from one transaction to the next through moments is one step.
    private ImmutableArray<CycleStep> Steps(int[] cycle)
    {
        ImmutableArray<CycleStep>.Builder steps = ImmutableArray.CreateBuilder<CycleStep>();
        int begin = 0;
        for (int i = 0; i < cycle.Length; i++)
        {
            if (IsTransaction(graph[cycle[i]].To))
            {
                steps.Add(Step(graph[cycle[begin]], graph[cycle[i]]));
                begin = i + 1;
            }
        }

        return steps.DrainToImmutable();
    }

    private CycleStep Step(Edge first, Edge last)
    {
        Transaction from = table.Transactions[first.From];
        Transaction to = table.Transactions[last.To];
        (DependencyKind kind, string evidence) = first.Kind switch
        {
            EdgeKinds.WriteWrite => (DependencyKind.WriteWrite, $"ww[{Order(first, last)}]"),
            EdgeKinds.WriteWriteByRealTime => (DependencyKind.WriteWrite, $"ww[{Order(first, last)} in real time]"),
            EdgeKinds.WriteRead => (DependencyKind.WriteRead, $"wr[key {Key(first).Name}: {Key(first).Describe(first.After)}]"),
            EdgeKinds.ReadWrite => (DependencyKind.ReadWrite, $"rw[{Order(first, last)}]"),
            EdgeKinds.ReadWriteByRealTime => (DependencyKind.ReadWrite, $"rw[{Order(first, last)} in real time]"),
            EdgeKinds.PredicateReadWrite => (DependencyKind.PredicateReadWrite, $"rw[scan without key {Order(first, last)["key ".Length..]}]"),
            EdgeKinds.PredicateReadWriteByRealTime =>
                (DependencyKind.PredicateReadWrite, $"rw[scan without key {Order(first, last)["key ".Length..]} in real time]"),
            EdgeKinds.Process => (DependencyKind.Process, $"process[{from.Process}]"),
            EdgeKinds.RealTime => (DependencyKind.RealTime, $"realtime[{Ended(from)} before {to.Label}]"),
            EdgeKinds.Timestamp => (DependencyKind.Timestamp, $"timestamp[{Place(from)} before {Place(to)}]"),
            _ => throw new InvalidOperationException($"A step begins with {first.Kind}."),
        };
        return new CycleStep(from.Label, to.Label, kind, evidence);
    }

    private KeyHistory Key(Edge edge) => table.Keys[edge.Key];

    private string Order(Edge first, Edge last) =>
        $"key {Key(first).Name}: {Key(first).Describe(first.Before)} before {Key(first).Describe(last.After)}";

    private long Ended(Transaction transaction) => table.EventIndex(transaction.Completed);

    private static string Place(Transaction transaction) =>
        transaction.Position is { IsSnapshot: true } snapshot ? $"snapshot {snapshot.Value}" : $"commit {transaction.Commit}";
}
