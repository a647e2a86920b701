using System.Collections.Immutable;

namespace Transactions.Histories;

/// <summary>One line of a history: a transaction of a process begins or ends. Immutable.</summary>
/// <param name="Index">Its place in real time: events of one history have strictly rising indexes.</param>
/// <param name="Type">What it says.</param>
/// <param name="Process">Who: a process has one transaction at a time.</param>
/// <param name="Time">Nanoseconds from any zero; for people, the checks go by <paramref name="Index"/>.</param>
/// <param name="Operations">
/// Of an invoke: what is planned. Of ok: what was done, with what was read. Of fail and info: what was tried; if empty, what
/// the invoke planned. Every write that may have reached a store must stand in the last event, or else in the invoke.
/// </param>
public sealed record HistoryEvent(long Index, EventType Type, int Process, long Time, ImmutableArray<Operation> Operations)
{
    /// <summary>The commit timestamp: of ok, at which it committed; of info, at which it would have, if it did.</summary>
    public long? Commit { get; init; }

    /// <summary>The timestamp that a read-only transaction read at; its reads see what committed at or below it.</summary>
    public long? Snapshot { get; init; }

    /// <summary>Whether the client asked for the past, so that missing what had been acknowledged is no fault.</summary>
    public bool IsStale { get; init; }

    public bool Equals(HistoryEvent? other) =>
        other is not null && Index == other.Index && Type == other.Type && Process == other.Process && Time == other.Time
        && Commit == other.Commit && Snapshot == other.Snapshot && IsStale == other.IsStale
        && Operations.AsSpan().SequenceEqual(other.Operations.AsSpan());

    public override int GetHashCode() => HashCode.Combine(Index, Type, Process, Time, Commit, Snapshot);
}
