namespace Transactions.Histories;

/// <summary>Finds cycles: for each component that has any, one of each kind that is found with bounded work, and at least one.</summary>
internal sealed class CycleSearch(DependencyGraph graph)
{
    // Of so many components cycles are told; a history with more is beyond reading.
    private const int MaxComponents = 64;

    // To name a cycle well takes many tries; none is needed to know that there is one.
    private const long MinStepsPerSpec = 100_000;
    private const long StepsPerSpecAndEdge = 4;

    private readonly Components _components = new(graph);
    private readonly PathSearch _paths = new(graph);

    public long Steps => _components.Steps + _paths.Steps;

    /// <summary>Cycles over these kinds of edges, each as the numbers of its edges, beginning with a transaction's.</summary>
    /// <param name="kinds">The edges that count.</param>
    /// <param name="specs">What to look for.</param>
    /// <param name="must">Only cycles with one of these count.</param>
    /// <param name="found">Takes a cycle.</param>
    public void Find(EdgeKinds kinds, ReadOnlySpan<CycleSpec> specs, EdgeKinds must, Action<int[]> found)
    {
        int[] all = new int[graph.Nodes];
        for (int node = 0; node < all.Length; node++)
        {
            all[node] = node;
        }

        List<int[]> components = _components.Find(all, kinds);
        foreach (int[] component in components.Take(MaxComponents))
        {
            HashSet<AnomalyKind> told = [];
            foreach (CycleSpec spec in specs)
            {
                Look(component, spec, must, told, found);
            }

            if (told.Count == 0)
            {
                Look(component, new CycleSpec(kinds, kinds & ~EdgeKinds.Onward, IsSingle: false), must, told, found);
            }
        }
    }

    private void Look(int[] component, CycleSpec spec, EdgeKinds must, HashSet<AnomalyKind> told, Action<int[]> found)
    {
        foreach (int[] part in _components.Find(component, spec.Kinds))
        {
            _paths.Enter(part);
            int[]? best = Shortest(part, spec, must, told);
            _paths.Leave(part);
            if (best is not null && told.Add(CycleNaming.NameOf(graph, best)))
            {
                found(best);
            }
        }
    }

    private int[]? Shortest(int[] part, CycleSpec spec, EdgeKinds must, HashSet<AnomalyKind> told)
    {
        long budget = _paths.Steps + Math.Max(MinStepsPerSpec, StepsPerSpecAndEdge * graph.Edges);
        int[]? best = null;
        int bestLength = int.MaxValue;
        EdgeKinds onward = spec.IsSingle ? spec.Kinds & ~spec.Required : spec.Kinds;
        foreach (int node in part)
        {
            int number = graph.FirstFrom(node);
            foreach (ref readonly Edge edge in graph.From(node))
            {
                int at = number++;
                if ((edge.Kind & spec.Required) == 0 || !_paths.IsInScope(edge.To) || _paths.Steps > budget)
                {
                    continue;
                }

                if (_paths.Find(edge.To, edge.From, onward) is { } path)
                {
                    int[] cycle = FromTransaction([at, .. path]);
                    int length = cycle.Count(e => graph[e].From < graph.Transactions);
                    if (length < bestLength && HasAny(cycle, must) && !told.Contains(CycleNaming.NameOf(graph, cycle)))
                    {
                        (best, bestLength) = (cycle, length);
                    }

                    if (bestLength == 2)
                    {
                        return best;
                    }
                }
            }
        }

        return best;
    }

    private bool HasAny(int[] cycle, EdgeKinds kinds) => kinds == EdgeKinds.None || Array.Exists(cycle, e => (graph[e].Kind & kinds) != 0);

    // A cycle that was found from a moment on begins in the middle of a step.
    private int[] FromTransaction(int[] cycle)
    {
        int first = Array.FindIndex(cycle, e => graph[e].From < graph.Transactions);
        return [.. cycle[first..], .. cycle[..first]];
    }
}
