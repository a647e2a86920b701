using System.Collections.Immutable;

namespace Transactions.Histories;

/// <summary>What clients saw, in the order of real time. Immutable and thread-safe.</summary>
public sealed class History
{
    /// <summary>Makes a history of events in order.</summary>
    /// <exception cref="HistoryFormatException">
    /// Indexes don't rise, a process begins a second transaction before its first ended, ends one that it didn't begin, or a
    /// field stands where it has no meaning.
    /// </exception>
    public History(IEnumerable<HistoryEvent> events)
    {
        Events = [.. events];
        Check();
    }

    /// <summary>The events, by rising index.</summary>
    public ImmutableArray<HistoryEvent> Events { get; }

    private void Check()
    {
        HashSet<int> open = [];
        long last = long.MinValue;
        foreach (HistoryEvent e in Events)
        {
            if (e.Index <= last && last != long.MinValue)
            {
                throw new HistoryFormatException($"Index {e.Index} doesn't rise above {last}.");
            }

            last = e.Index;
            bool isPaired = e.Type switch
            {
                EventType.Invoke => open.Add(e.Process),
                EventType.Ok or EventType.Fail or EventType.Info => open.Remove(e.Process),
                EventType.Unspecified => throw new HistoryFormatException($"The event at index {e.Index} has no type."),
            };
            if (!isPaired)
            {
                throw new HistoryFormatException(e.Type == EventType.Invoke
                    ? $"Process {e.Process} begins at index {e.Index}, and its transaction before hasn't ended."
                    : $"Process {e.Process} ends a transaction at index {e.Index} that it didn't begin.");
            }

            CheckFields(e);
        }
    }

    private static void CheckFields(HistoryEvent e)
    {
        if (e.Operations.IsDefault)
        {
            throw new HistoryFormatException($"The event at index {e.Index} has no operations.");
        }

        foreach (Operation operation in e.Operations)
        {
            if (operation.Kind == OperationKind.Unspecified || (operation.Kind == OperationKind.Append && operation.Value is null))
            {
                throw new HistoryFormatException($"An operation of the event at index {e.Index} lacks its kind or its element.");
            }

            if (e.Type == EventType.Ok && operation.Kind == OperationKind.Scan && operation.Entries.IsDefault)
            {
                throw new HistoryFormatException($"The scan of the transaction that ended at index {e.Index} has no result.");
            }
        }

        if (e.Snapshot is not null && (e.Commit is not null || e.Operations.Any(operation => operation.IsWrite)))
        {
            throw new HistoryFormatException($"The event at index {e.Index} has a snapshot's timestamp, and it writes or commits.");
        }

        if (e.IsStale && e.Operations.Any(operation => operation.IsWrite))
        {
            throw new HistoryFormatException($"The event at index {e.Index} asks for the past, and it writes.");
        }
    }
}
