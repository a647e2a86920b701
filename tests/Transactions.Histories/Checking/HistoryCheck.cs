namespace Transactions.Histories;

/// <summary>
/// Judges a history: what it reports can't happen in a system that keeps the model. Of lists without a value in doubt about its
/// order nothing is missed; of registers only what their recorded timestamps, reads and real time order (see the README).
/// </summary>
/// <remarks>
/// Work and memory grow with the number of events and of what they read, never with its square; a scan costs as many steps as
/// its range has keys. Thread-safe: there is no state.
/// </remarks>
public static class HistoryCheck
{
    /// <summary>Checks a history.</summary>
    /// <exception cref="HistoryFormatException">A key is a list and a register, or an element is appended twice.</exception>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range.</exception>
    public static CheckResult Run(History history, CheckOptions? options = null)
    {
        options ??= new CheckOptions();
        options.Validate();
        AnomalyLog log = new(options.MaxToldPerKind);
        TransactionTable table = TransactionTable.Of(history);
        ReadCollector.Collect(table, log);

        // Who committed is known only when all reads were looked at: then versions have an order.
        foreach (KeyHistory key in table.Keys)
        {
            if (key.IsList)
            {
                ListReads.Resolve(key, log);
            }
            else
            {
                RegisterReads.Resolve(key, log);
            }
        }

        foreach (KeyHistory key in table.Keys)
        {
            TimestampSearch.Sort(key);
            if (key.IsList)
            {
                ListVersions.Order(key);
            }
            else
            {
                RegisterVersions.Order(key, options);
            }
        }

        CheckCounters counters = CheckKeys(table, options, log);
        if (options.IsRealTime)
        {
            new ExternalConsistency(table, log).Check();
        }

        counters = CheckCycles(table, options, log, counters);
        return new CheckResult(log.Anomalies, log.Found, counters);
    }

    private static CheckCounters CheckKeys(TransactionTable table, CheckOptions options, AnomalyLog log)
    {
        int timestamped = 0;
        int withoutFinal = 0;
        int reads = 0;
        int unresolved = 0;
        foreach (KeyHistory key in table.Keys)
        {
            VersionChecks versions = new(key, log);
            versions.CheckLostUpdates();
            if (options.AreKeysLinearizable)
            {
                versions.CheckStaleReads();
            }

            withoutFinal += options.FinalReads && !versions.CheckLostWrites() ? 1 : 0;
            TimestampChecks timestamps = new(key, log);
            timestamps.CheckOrder();
            timestamps.CheckReads();
            ServedTimestamps.Check(key, log);
            timestamped += timestamps.Compared;
            reads += key.Reads.Count;
            unresolved += key.Reads.Count(read => read.Version == KeyWrite.NoVersion);
        }

        return new CheckCounters
        {
            Transactions = table.Transactions.Count,
            Committed = table.Transactions.Count(transaction => transaction.IsCommitted),
            InDoubtUnseen = table.Transactions.Count(transaction => transaction is { Outcome: EventType.Info, IsCommitted: false }),
            Keys = table.Keys.Count,
            Reads = reads,
            UnresolvedReads = unresolved,
            TimestampedReads = timestamped,
            KeysWithoutFinalRead = withoutFinal,
        };
    }

    private static CheckCounters CheckCycles(TransactionTable table, CheckOptions options, AnomalyLog log, CheckCounters counters)
    {
        DependencyGraph graph = new(table.Transactions.Count);
        foreach (KeyHistory key in table.Keys)
        {
            KeyEdges.Add(graph, key);
        }

        if (options.IsProcessOrder)
        {
            OrderEdges.AddProcesses(graph, table);
        }

        if (options.IsRealTime)
        {
            OrderEdges.AddRealTime(graph, table);
        }

        OrderEdges.AddTimestamps(graph, table);
        graph.Seal();
        CycleSearch search = new(graph);
        CycleExplainer explainer = new(table, graph, log);
        search.Find(CycleSpec.WithoutTimestamps, CycleSpec.OfDependencies, EdgeKinds.None, explainer.Tell);
        if (table.Transactions.Exists(transaction => transaction.Position is not null))
        {
            search.Find(CycleSpec.WithTimestamps, CycleSpec.OfTimestamps, EdgeKinds.Timestamp, explainer.Tell);
        }

        return counters with { Nodes = graph.Nodes, Edges = graph.Edges, Steps = search.Steps };
    }
}
