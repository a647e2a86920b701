using System.Runtime.InteropServices;

namespace Transactions.Histories;

/// <summary>
/// The edges of whole orders, real time, processes and timestamps, through nodes that stand for moments: as many edges as
/// transactions, where pairs would be their square.
/// </summary>
internal static class OrderEdges
{
    /// <summary>Whoever ended comes before whoever began later. A read of the past comes after nobody.</summary>
    public static void AddRealTime(DependencyGraph graph, TransactionTable table)
    {
        int moment = -1;
        bool isOpen = false;
        foreach (Moment step in table.Moments)
        {
            Transaction transaction = step.Of;
            if (!transaction.IsCommitted)
            {
                continue;
            }

            if (step.IsBeginning)
            {
                if (moment >= 0 && !transaction.IsStale)
                {
                    isOpen = false;
                    graph.Add(new Edge(moment, transaction.Number, EdgeKinds.RealTime));
                }
            }
            else
            {
                moment = isOpen ? moment : Next(graph, moment, EdgeKinds.RealTime);
                isOpen = true;
                graph.Add(new Edge(transaction.Number, moment, EdgeKinds.RealTime));
            }
        }
    }

    /// <summary>A process's transactions, in its order; reads of the past aside.</summary>
    public static void AddProcesses(DependencyGraph graph, TransactionTable table)
    {
        Dictionary<int, Transaction> last = [];
        foreach (Transaction transaction in table.Transactions)
        {
            if (!transaction.IsCommitted || transaction.IsStale)
            {
                continue;
            }

            if (last.TryGetValue(transaction.Process, out Transaction? before))
            {
                graph.Add(new Edge(before.Number, transaction.Number, EdgeKinds.Process));
            }

            // One in doubt may take effect after what its process does next.
            if (transaction.IsOk)
            {
                last[transaction.Process] = transaction;
            }
        }
    }

    /// <summary>By commit timestamp, a snapshot right after what committed at its own.</summary>
    public static void AddTimestamps(DependencyGraph graph, TransactionTable table)
    {
        List<(TimestampPosition At, Transaction Of)> placed = [];
        foreach (Transaction transaction in table.Transactions)
        {
            if (transaction.IsCommitted && transaction.Position is { } position)
            {
                placed.Add((position, transaction));
            }
        }

        placed.Sort(static (a, b) => a.At.CompareTo(b.At) is var order and not 0 ? order : a.Of.Number.CompareTo(b.Of.Number));
        ReadOnlySpan<(TimestampPosition At, Transaction Of)> rest = CollectionsMarshal.AsSpan(placed);
        int moment = -1;
        while (!rest.IsEmpty)
        {
            int count = 1;
            while (count < rest.Length && rest[count].At == rest[0].At)
            {
                count++;
            }

            int before = moment;
            moment = Next(graph, before, EdgeKinds.Timestamp);
            foreach ((_, Transaction transaction) in rest[..count])
            {
                if (before >= 0)
                {
                    graph.Add(new Edge(before, transaction.Number, EdgeKinds.Timestamp));
                }

                graph.Add(new Edge(transaction.Number, moment, EdgeKinds.Timestamp));
            }

            rest = rest[count..];
        }
    }

    private static int Next(DependencyGraph graph, int before, EdgeKinds kind)
    {
        int moment = graph.AddNode();
        if (before >= 0)
        {
            graph.Add(new Edge(before, moment, kind));
        }

        return moment;
    }
}
