using System.Runtime.InteropServices;

namespace Transactions.Histories;

/// <summary>The edges that one key's versions make: ww, wr and rw.</summary>
internal sealed class KeyEdges
{
    // Below this many edges a node in between saves nothing.
    private const int FewEdges = 16;

    private readonly DependencyGraph _graph;
    private readonly KeyHistory _key;
    private readonly List<VersionEdge>[] _successors;
    private readonly List<ExternalRead>[] _readers;

    private KeyEdges(DependencyGraph graph, KeyHistory key)
    {
        (_graph, _key) = (graph, key);
        _successors = new List<VersionEdge>[key.Versions.Count + 1];
        _readers = new List<ExternalRead>[key.Versions.Count + 1];
    }

    public static void Add(DependencyGraph graph, KeyHistory key)
    {
        if (key.Versions.Count > 0)
        {
            new KeyEdges(graph, key).Add();
        }
    }

    private void Add()
    {
        Group();
        for (int version = 0; version < _successors.Length; version++)
        {
            Transaction? writer = version == 0 ? null : _key.Versions[version - 1].By;
            ReadOnlySpan<ExternalRead> readers = CollectionsMarshal.AsSpan(_readers[version]);
            ReadOnlySpan<VersionEdge> successors = CollectionsMarshal.AsSpan(_successors[version]);
            if (writer is not null)
            {
                foreach (ExternalRead read in readers)
                {
                    _graph.Add(new Edge(writer.Number, read.By.Number, EdgeKinds.WriteRead, _key.Id, version, version));
                }

                foreach (VersionEdge edge in successors)
                {
                    EdgeKinds kind = edge.IsByRealTime ? EdgeKinds.WriteWriteByRealTime : EdgeKinds.WriteWrite;
                    _graph.Add(new Edge(writer.Number, WriterOf(edge).Number, kind, _key.Id, version, edge.After));
                }
            }

            // By data first, by real time after: Group sorted them so.
            int byData = 0;
            while (byData < successors.Length && !successors[byData].IsByRealTime)
            {
                byData++;
            }

            AddOverwrites(readers, successors[..byData]);
            AddOverwrites(readers, successors[byData..]);
        }
    }

    private Transaction WriterOf(VersionEdge edge) => _key.Versions[edge.After - 1].By;

    private void Group()
    {
        for (int version = 0; version < _key.Chained; version++)
        {
            (_successors[version] ??= []).Add(new VersionEdge(version, version + 1, IsByRealTime: false));
        }

        foreach (VersionEdge edge in _key.Successions)
        {
            if (edge.After != 0)
            {
                (_successors[edge.Before] ??= []).Add(edge);
            }
        }

        foreach (List<VersionEdge>? edges in _successors)
        {
            if (edges is { Count: > 1 })
            {
                Deduplicate(edges);
            }
        }

        foreach (ExternalRead read in _key.Reads)
        {
            if (read.Version != KeyWrite.NoVersion)
            {
                (_readers[read.Version] ??= []).Add(read);
            }
        }
    }

    private static void Deduplicate(List<VersionEdge> edges)
    {
        edges.Sort(static (a, b) => a.IsByRealTime != b.IsByRealTime ? a.IsByRealTime.CompareTo(b.IsByRealTime) : a.After.CompareTo(b.After));
        HashSet<int> seen = [];
        edges.RemoveAll(edge => !seen.Add(edge.After));
    }

    private void AddOverwrites(ReadOnlySpan<ExternalRead> readers, ReadOnlySpan<VersionEdge> successors)
    {
        if ((long)readers.Length * successors.Length <= 2L * (readers.Length + successors.Length) + FewEdges)
        {
            foreach (ExternalRead read in readers)
            {
                AddOverwrites(read, successors);
            }

            return;
        }

        // Many to many: through a node in between, which those can't take that would come back to themselves.
        HashSet<Transaction> writers = [];
        int between = _graph.AddNode();
        foreach (VersionEdge edge in successors)
        {
            writers.Add(WriterOf(edge));
            _graph.Add(new Edge(between, WriterOf(edge).Number, EdgeKinds.Onward, _key.Id, edge.Before, edge.After));
        }

        int overwriting = 0;
        foreach (ExternalRead read in readers)
        {
            if (!writers.Contains(read.By))
            {
                _graph.Add(new Edge(read.By.Number, between, KindOf(read, successors[0].IsByRealTime), _key.Id, read.Version, successors[0].After));
            }
            else if (overwriting++ < 2)
            {
                // Two that read one version and overwrote it make a cycle already, and a lost update each: more add nothing.
                AddOverwrites(read, successors);
            }
        }
    }

    private void AddOverwrites(ExternalRead read, ReadOnlySpan<VersionEdge> successors)
    {
        foreach (VersionEdge edge in successors)
        {
            _graph.Add(new Edge(read.By.Number, WriterOf(edge).Number, KindOf(read, edge.IsByRealTime), _key.Id, read.Version, edge.After));
        }
    }

    private static EdgeKinds KindOf(ExternalRead read, bool isByRealTime) => (read.IsPredicate, isByRealTime) switch
    {
        (false, false) => EdgeKinds.ReadWrite,
        (false, true) => EdgeKinds.ReadWriteByRealTime,
        (true, false) => EdgeKinds.PredicateReadWrite,
        (true, true) => EdgeKinds.PredicateReadWriteByRealTime,
    };
}
