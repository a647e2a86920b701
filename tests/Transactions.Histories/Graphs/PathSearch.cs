namespace Transactions.Histories;

/// <summary>Short paths between transactions; steps through moments count once. Its arrays are used again.</summary>
internal sealed class PathSearch(DependencyGraph graph)
{
    private readonly int[] _reachedBy = new int[graph.Nodes];
    private readonly int[] _distance = new int[graph.Nodes];
    private readonly bool[] _isInScope = new bool[graph.Nodes];
    private readonly List<int> _touched = [];
    private List<int> _near = [];
    private List<int> _far = [];

    /// <summary>Edges followed so far.</summary>
    public long Steps { get; private set; }

    public void Enter(ReadOnlySpan<int> scope)
    {
        foreach (int node in scope)
        {
            _isInScope[node] = true;
        }
    }

    public void Leave(ReadOnlySpan<int> scope)
    {
        foreach (int node in scope)
        {
            _isInScope[node] = false;
        }
    }

    public bool IsInScope(int node) => _isInScope[node];

    /// <summary>The numbers of the edges of a short path within the scope, or null if there is none.</summary>
    public List<int>? Find(int from, int to, EdgeKinds kinds)
    {
        // In rounds by distance: an edge that leaves a transaction costs one, one that leaves a moment nothing.
        _near.Add(from);
        Reach(from, 1, -1);
        bool isFound = false;
        while (!isFound && _near.Count > 0)
        {
            for (int i = 0; i < _near.Count && !isFound; i++)
            {
                isFound = Follow(_near[i], to, kinds);
            }

            _near.Clear();
            (_near, _far) = (_far, _near);
        }

        List<int>? path = isFound ? Trace(from, to) : null;
        foreach (int node in _touched)
        {
            _distance[node] = 0;
        }

        _touched.Clear();
        _near.Clear();
        _far.Clear();
        return path;
    }

    private bool Follow(int node, int to, EdgeKinds kinds)
    {
        bool isTransaction = node < graph.Transactions;
        int distance = _distance[node] + (isTransaction ? 1 : 0);
        int number = graph.FirstFrom(node);
        foreach (ref readonly Edge edge in graph.From(node))
        {
            Steps++;
            if ((edge.Kind & kinds) != 0 && _isInScope[edge.To] && (_distance[edge.To] == 0 || _distance[edge.To] > distance))
            {
                Reach(edge.To, distance, number);
                (isTransaction ? _far : _near).Add(edge.To);
                if (edge.To == to)
                {
                    return true;
                }
            }

            number++;
        }

        return false;
    }

    // A distance of 0 marks what wasn't reached: counting starts at 1.
    private void Reach(int node, int distance, int edge)
    {
        _distance[node] = distance;
        _reachedBy[node] = edge;
        _touched.Add(node);
    }

    private List<int> Trace(int from, int to)
    {
        List<int> path = [];
        for (int node = to; node != from; node = graph[_reachedBy[node]].From)
        {
            path.Add(_reachedBy[node]);
        }

        path.Reverse();
        return path;
    }
}
