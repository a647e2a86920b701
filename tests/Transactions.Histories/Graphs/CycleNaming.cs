namespace Transactions.Histories;

/// <summary>The kind of a cycle, by what its edges are.</summary>
internal static class CycleNaming
{
    public static AnomalyKind NameOf(DependencyGraph graph, ReadOnlySpan<int> cycle)
    {
        EdgeKinds all = EdgeKinds.None;
        int overwrites = 0;
        foreach (int number in cycle)
        {
            EdgeKinds kind = graph[number].Kind;
            all |= kind;
            overwrites += (kind & EdgeKinds.AnyReadWrite) != 0 ? 1 : 0;
        }

        AnomalyKind plain = overwrites switch
        {
            0 => (all & EdgeKinds.WriteRead) != 0 ? AnomalyKind.G1c : AnomalyKind.G0,
            1 => AnomalyKind.GSingle,
            _ => (all & EdgeKinds.AnyPredicate) != 0 ? AnomalyKind.G2 : AnomalyKind.G2Item,
        };

        // The numbers of the kinds stand in the same order for each order that a cycle may need.
        AnomalyKind first = (all & EdgeKinds.Timestamp) != 0 ? AnomalyKind.G0Timestamp
            : (all & EdgeKinds.AnyRealTime) != 0 ? AnomalyKind.G0Realtime
            : (all & EdgeKinds.Process) != 0 ? AnomalyKind.G0Process
            : AnomalyKind.G0;
        return first + (plain - AnomalyKind.G0);
    }
}
