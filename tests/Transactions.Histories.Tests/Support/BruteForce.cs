using System.Collections.Immutable;

namespace Transactions.Histories.Tests;

/// <summary>
/// Whether any order of a tiny history's transactions explains it, found by trying all: every acknowledged one once, each in
/// doubt once or never, no aborted one. It shares nothing with the checker but the history.
/// </summary>
internal sealed class BruteForce
{
    private readonly List<Entry> _entries = [];
    private readonly bool _isRealTime;
    private readonly bool _isByTimestamp;

    private BruteForce(History history, bool isRealTime, bool isByTimestamp)
    {
        (_isRealTime, _isByTimestamp) = (isRealTime, isByTimestamp);
        Dictionary<int, Entry> open = [];
        for (int at = 0; at < history.Events.Length; at++)
        {
            HistoryEvent e = history.Events[at];
            if (e.Type == EventType.Invoke)
            {
                Entry entry = new(at) { Operations = e.Operations };
                open[e.Process] = entry;
                _entries.Add(entry);
                continue;
            }

            Entry ended = open[e.Process];
            ended.Type = e.Type;
            ended.Ended = e.Type == EventType.Ok ? at : int.MaxValue;
            ended.Operations = e.Operations.IsEmpty && e.Type != EventType.Ok ? ended.Operations : e.Operations;
            ended.IsStale = e.IsStale;
            ended.Timestamp = e.Commit is { } commit ? (commit, 0) : e.Snapshot is { } snapshot ? (snapshot, 1) : null;
        }

        _entries.RemoveAll(entry => entry.Type == EventType.Fail);
    }

    /// <summary>Whether an order that agrees with real time, if asked for, explains all that was read.</summary>
    public static bool IsSerializable(History history, bool isRealTime) =>
        new BruteForce(history, isRealTime, isByTimestamp: false).Extend([], ImmutableDictionary<string, ImmutableArray<long?>>.Empty);

    /// <summary>Whether an order that agrees with all recorded timestamps explains all that was read.</summary>
    public static bool IsInTimestampOrder(History history) =>
        new BruteForce(history, isRealTime: false, isByTimestamp: true).Extend([], ImmutableDictionary<string, ImmutableArray<long?>>.Empty);

    private bool Extend(List<Entry> placed, ImmutableDictionary<string, ImmutableArray<long?>> state)
    {
        if (_entries.TrueForAll(entry => entry.Type != EventType.Ok || placed.Contains(entry)))
        {
            return true;
        }

        foreach (Entry entry in _entries)
        {
            if (!placed.Contains(entry) && MayBeNext(entry, placed) && Apply(entry, state) is { } after)
            {
                placed.Add(entry);
                if (Extend(placed, after))
                {
                    return true;
                }

                placed.RemoveAt(placed.Count - 1);
            }
        }

        return false;
    }

    private bool MayBeNext(Entry next, List<Entry> placed)
    {
        foreach (Entry other in _entries)
        {
            // Somebody must come before it who isn't there yet.
            if (other.Type == EventType.Ok && !placed.Contains(other)
                && ((_isRealTime && !next.IsStale && other.Ended < next.Began) || (_isByTimestamp && IsBelow(other, next))))
            {
                return false;
            }
        }

        // Or it should have come before somebody who is.
        return !placed.Exists(before => (_isRealTime && !before.IsStale && next.Ended < before.Began) || (_isByTimestamp && IsBelow(next, before)));
    }

    private static bool IsBelow(Entry low, Entry high) =>
        low.Timestamp is { } lower && high.Timestamp is { } higher && lower.CompareTo(higher) < 0;

    // A key's state is the sequence of what was written: a list is all of it, a register the last.
    private static ImmutableDictionary<string, ImmutableArray<long?>>? Apply(Entry entry, ImmutableDictionary<string, ImmutableArray<long?>> state)
    {
        foreach (Operation operation in entry.Operations)
        {
            switch (operation.Kind)
            {
                case OperationKind.Append:
                    state = state.SetItem(operation.Key, [.. state.GetValueOrDefault(operation.Key, []), operation.Value]);
                    break;
                case OperationKind.Write:
                    state = state.SetItem(operation.Key, [operation.Value]);
                    break;
                case OperationKind.Read when entry.Type == EventType.Ok:
                    if (!Shows(state.GetValueOrDefault(operation.Key, []), operation.Value, operation.Elements))
                    {
                        return null;
                    }

                    break;
                case OperationKind.Scan when entry.Type == EventType.Ok:
                    if (!Shows(state, operation))
                    {
                        return null;
                    }

                    break;
                default:
                    break;
            }
        }

        return state;
    }

    private static bool Shows(ImmutableArray<long?> stored, long? value, ImmutableArray<long> elements) =>
        !elements.IsDefaultOrEmpty ? stored.SequenceEqual(elements.Select(element => (long?)element))
        : value is not null ? stored is [.., { } last] && last == value
        : stored is [] or [null];

    private static bool Shows(ImmutableDictionary<string, ImmutableArray<long?>> state, Operation scan)
    {
        int present = state.Count(pair => KeyOrder.IsInRange(pair.Key, scan.Key, scan.End) && pair.Value is not ([] or [null]));
        return present == scan.Entries.Length
            && scan.Entries.All(entry => KeyOrder.IsInRange(entry.Key, scan.Key, scan.End)
                && Shows(state.GetValueOrDefault(entry.Key, []), entry.Value, entry.Elements));
    }

    private sealed class Entry(int began)
    {
        public int Began { get; } = began;

        public int Ended { get; set; } = int.MaxValue;

        public EventType Type { get; set; } = EventType.Info;

        public bool IsStale { get; set; }

        public (long, int)? Timestamp { get; set; }

        public ImmutableArray<Operation> Operations { get; set; } = [];
    }
}
