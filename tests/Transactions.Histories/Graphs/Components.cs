namespace Transactions.Histories;

/// <summary>
/// Strongly connected components of a part of the graph, by Tarjan's algorithm without recursion. Its arrays are used again
/// from search to search; only what a search touched is cleaned.
/// </summary>
internal sealed class Components(DependencyGraph graph)
{
    private readonly int[] _order = new int[graph.Nodes];
    private readonly int[] _low = new int[graph.Nodes];
    private readonly int[] _nextEdge = new int[graph.Nodes];
    private readonly bool[] _isOnStack = new bool[graph.Nodes];
    private readonly bool[] _isInScope = new bool[graph.Nodes];
    private readonly Stack<int> _stack = new();
    private readonly Stack<int> _path = new();
    private int _visited;

    /// <summary>Edges followed so far.</summary>
    public long Steps { get; private set; }

    /// <summary>The components of more than one node, over edges of these kinds between these nodes; each by node.</summary>
    public List<int[]> Find(ReadOnlySpan<int> scope, EdgeKinds kinds)
    {
        List<int[]> found = [];
        foreach (int node in scope)
        {
            _isInScope[node] = true;
        }

        _visited = 0;
        foreach (int node in scope)
        {
            if (_order[node] == 0)
            {
                Visit(node, kinds, found);
            }
        }

        foreach (int node in scope)
        {
            (_order[node], _low[node], _isInScope[node]) = (0, 0, false);
        }

        found.Sort(static (a, b) => a[0].CompareTo(b[0]));
        return found;
    }

    private void Visit(int root, EdgeKinds kinds, List<int[]> found)
    {
        Enter(root);
        while (_path.TryPeek(out int node))
        {
            ReadOnlySpan<Edge> edges = graph.From(node);
            int next = -1;
            while (next < 0 && _nextEdge[node] < edges.Length)
            {
                ref readonly Edge edge = ref edges[_nextEdge[node]++];
                Steps++;
                if ((edge.Kind & kinds) == 0 || !_isInScope[edge.To])
                {
                    continue;
                }

                if (_order[edge.To] == 0)
                {
                    next = edge.To;
                }
                else if (_isOnStack[edge.To])
                {
                    _low[node] = Math.Min(_low[node], _order[edge.To]);
                }
            }

            if (next >= 0)
            {
                Enter(next);
                continue;
            }

            _path.Pop();
            if (_path.TryPeek(out int parent))
            {
                _low[parent] = Math.Min(_low[parent], _low[node]);
            }

            if (_low[node] == _order[node])
            {
                Take(node, found);
            }
        }
    }

    private void Enter(int node)
    {
        _order[node] = _low[node] = ++_visited;
        _nextEdge[node] = 0;
        _isOnStack[node] = true;
        _stack.Push(node);
        _path.Push(node);
    }

    private void Take(int root, List<int[]> found)
    {
        if (_stack.Peek() == root)
        {
            _isOnStack[_stack.Pop()] = false;
            return;
        }

        List<int> members = [];
        int node;
        do
        {
            node = _stack.Pop();
            _isOnStack[node] = false;
            members.Add(node);
        }
        while (node != root);

        members.Sort();
        found.Add([.. members]);
    }
}
