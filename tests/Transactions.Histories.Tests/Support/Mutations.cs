using System.Collections.Immutable;

namespace Transactions.Histories.Tests;

/// <summary>Small lies told of a history.</summary>
internal static class Mutations
{
    /// <summary>One change at random, which may or may not be a lie that shows; the same history if there is nothing to change.</summary>
    public static History Any(History history, Random random)
    {
        int[] places = [.. Enumerable.Range(0, history.Events.Length).Where(at => history.Events[at].Type == EventType.Ok)];
        if (places.Length == 0)
        {
            return history;
        }

        int at = places[random.Next(places.Length)];
        HistoryEvent e = history.Events[at];
        switch (random.Next(8))
        {
            case 0:
                return Replace(history, at, e with { Type = EventType.Fail, Commit = null, Snapshot = null, IsStale = false });
            case 1:
                return Replace(history, at, e with { Type = EventType.Info, Commit = null, Snapshot = null, IsStale = false });
            case 2 when at + 1 < history.Events.Length:
                return Swap(history, at);
            case 3 when e.Commit is { } commit:
                return Replace(history, at, e with { Commit = commit + random.Next(-3, 4) });
            case 4 when e.Snapshot is { } snapshot:
                return Replace(history, at, e with { Snapshot = snapshot + random.Next(-3, 4) });
            default:
                return e.Operations.IsEmpty ? history : ChangeOperation(history, at, random);
        }
    }

    /// <summary>The history with another event at a place.</summary>
    public static History Replace(History history, int at, HistoryEvent e) => new(history.Events.SetItem(at, e));

    /// <summary>The history with another operation in an event.</summary>
    public static History Replace(History history, int at, int operation, Operation other) =>
        Replace(history, at, history.Events[at] with { Operations = history.Events[at].Operations.SetItem(operation, other) });

    // Two events of different processes the other way round.
    private static History Swap(History history, int at)
    {
        HistoryEvent one = history.Events[at];
        HistoryEvent other = history.Events[at + 1];
        return one.Process == other.Process
            ? history
            : new History(history.Events.SetItem(at, other with { Index = one.Index }).SetItem(at + 1, one with { Index = other.Index }));
    }

    private static History ChangeOperation(History history, int at, Random random)
    {
        ImmutableArray<Operation> operations = history.Events[at].Operations;
        int which = random.Next(operations.Length);
        Operation operation = operations[which];
        return operation.Kind switch
        {
            OperationKind.Read => Replace(history, at, which, Change(operation, HasLists(history), random)),
            OperationKind.Scan when operation.Entries.Length > 0 =>
                Replace(history, at, which, Operation.Scan(operation.Key, operation.End, operation.Entries.RemoveAt(random.Next(operation.Entries.Length)))),
            _ => history,
        };
    }

    private static bool HasLists(History history) =>
        history.Events.Any(e => e.Operations.Any(operation => operation.Kind == OperationKind.Append));

    private static Operation Change(Operation read, bool isList, Random random)
    {
        if (read.Elements.IsDefaultOrEmpty)
        {
            if (isList)
            {
                return Operation.Read(read.Key, [random.Next(1, 8)]);
            }

            // Small numbers are values that somebody wrote, more often than not.
            return read.Value is null && random.Next(2) == 0 ? read : Operation.Read(read.Key, random.Next(3) == 0 ? null : random.Next(1, 8));
        }

        ImmutableArray<long> elements = read.Elements;
        int place = random.Next(elements.Length);
        return random.Next(4) switch
        {
            0 => Operation.Read(read.Key, elements[..place]),
            1 => Operation.Read(read.Key, elements.RemoveAt(place)),
            2 => Operation.Read(read.Key, elements.SetItem(place, elements[0]).SetItem(0, elements[place])),
            _ => Operation.Read(read.Key, elements.Insert(place, random.Next(1, 12))),
        };
    }
}
