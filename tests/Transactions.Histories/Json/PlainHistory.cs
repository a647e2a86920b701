using System.Collections.Immutable;

namespace Transactions.Histories;

/// <summary>A history without what only our own checker understands.</summary>
internal static class PlainHistory
{
    public static IReadOnlyList<HistoryEvent> Of(History history)
    {
        HashSet<long> omitted = ReadsOfThePast(history);
        List<HistoryEvent> plain = [];
        Dictionary<int, int> renamed = [];
        Dictionary<int, HistoryEvent> open = [];
        int next = history.Events.IsEmpty ? 0 : history.Events.Max(e => e.Process) + 1;
        foreach (HistoryEvent e in history.Events)
        {
            if (omitted.Contains(e.Index))
            {
                continue;
            }

            // Outside, an ending says all that was tried.
            HistoryEvent said = e.Type is EventType.Fail or EventType.Info && e.Operations.IsEmpty ? open[e.Process] : e;
            open[e.Process] = e;
            plain.Add(new HistoryEvent(plain.Count, e.Type, renamed.GetValueOrDefault(e.Process, e.Process), e.Time, Plain(said)));

            // Outside, a process that is in doubt never does anything again: what follows must not be ordered after it.
            if (e.Type == EventType.Info)
            {
                renamed[e.Process] = next++;
            }
        }

        return plain;
    }

    private static HashSet<long> ReadsOfThePast(History history)
    {
        HashSet<long> omitted = [];
        Dictionary<int, long> invoked = [];
        foreach (HistoryEvent e in history.Events)
        {
            if (e.Type == EventType.Invoke)
            {
                invoked[e.Process] = e.Index;
            }
            else if (e.IsStale)
            {
                omitted.Add(e.Index);
                omitted.Add(invoked[e.Process]);
            }
        }

        return omitted;
    }

    private static ImmutableArray<Operation> Plain(HistoryEvent e)
    {
        if (!e.Operations.Any(operation => operation.Kind == OperationKind.Scan))
        {
            return e.Operations;
        }

        List<Operation> plain = [];
        foreach (Operation operation in e.Operations)
        {
            if (operation.Kind != OperationKind.Scan)
            {
                plain.Add(operation);
            }
            else if (!operation.Entries.IsDefault)
            {
                plain.AddRange(operation.Entries.Select(entry => entry.Elements.IsDefault
                    ? Operation.Read(entry.Key, entry.Value)
                    : Operation.Read(entry.Key, entry.Elements)));
            }
        }

        return [.. plain];
    }
}
