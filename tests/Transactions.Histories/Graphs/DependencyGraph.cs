using System.Runtime.InteropServices;

namespace Transactions.Histories;

/// <summary>What comes after what: transactions are the first nodes, moments of orders the rest. Sparse.</summary>
internal sealed class DependencyGraph(int transactions)
{
    private readonly List<Edge> _added = [];
    private Edge[] _edges = [];
    private int[] _first = [];

    /// <summary>How many nodes are transactions: those below.</summary>
    public int Transactions { get; } = transactions;

    public int Nodes { get; private set; } = transactions;

    public int Edges => _added.Count;

    public int AddNode() => Nodes++;

    /// <summary>Adds an edge, unless it would lead a node to itself.</summary>
    public void Add(Edge edge)
    {
        if (edge.From != edge.To)
        {
            _added.Add(edge);
        }
    }

    /// <summary>Sorts the edges by where they begin; after that none is added.</summary>
    public void Seal()
    {
        _first = new int[Nodes + 1];
        _edges = new Edge[_added.Count];
        ReadOnlySpan<Edge> added = CollectionsMarshal.AsSpan(_added);
        foreach (ref readonly Edge edge in added)
        {
            _first[edge.From + 1]++;
        }

        for (int node = 0; node < Nodes; node++)
        {
            _first[node + 1] += _first[node];
        }

        int[] next = _first.AsSpan(0, Nodes).ToArray();
        foreach (ref readonly Edge edge in added)
        {
            _edges[next[edge.From]++] = edge;
        }
    }

    public ReadOnlySpan<Edge> From(int node) => _edges.AsSpan(_first[node], _first[node + 1] - _first[node]);

    public int FirstFrom(int node) => _first[node];

    public ref readonly Edge this[int edge] => ref _edges[edge];
}
