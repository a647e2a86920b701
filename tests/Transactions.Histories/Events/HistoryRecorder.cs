using System.Collections.Immutable;

namespace Transactions.Histories;

/// <summary>Records a history while it happens, giving each event its index.</summary>
/// <remarks>
/// Call <see cref="Invoke"/> before a transaction's first request leaves, and an ending after its last answer came: the real
/// time order that the checks rely on is the order of these calls. Thread-safe, unless made by <see cref="SingleThreaded"/>.
/// </remarks>
public sealed class HistoryRecorder
{
    private readonly List<HistoryEvent> _events = [];
    private readonly Lock? _gate;

    /// <summary>A recorder that any thread may call.</summary>
    public HistoryRecorder()
        : this(new Lock())
    {
    }

    private HistoryRecorder(Lock? gate) => _gate = gate;

    /// <summary>A recorder without locking, for a simulation on one thread.</summary>
    public static HistoryRecorder SingleThreaded() => new(gate: null);

    /// <summary>A transaction is about to begin.</summary>
    /// <param name="process">Who; it has one transaction at a time.</param>
    /// <param name="time">Nanoseconds.</param>
    /// <param name="planned">What it is going to do, as far as that is known.</param>
    public void Invoke(int process, long time, params ImmutableArray<Operation> planned) =>
        Add(new HistoryEvent(0, EventType.Invoke, process, time, planned));

    /// <summary>The client was told that its transaction committed.</summary>
    /// <param name="process">Who.</param>
    /// <param name="time">Nanoseconds.</param>
    /// <param name="done">All it did, in order, with what it read.</param>
    /// <param name="commit">Its commit timestamp, if known.</param>
    public void Ok(int process, long time, ImmutableArray<Operation> done, long? commit = null) =>
        Add(new HistoryEvent(0, EventType.Ok, process, time, done) { Commit = commit });

    /// <summary>A read-only transaction at a timestamp ended.</summary>
    /// <param name="process">Who.</param>
    /// <param name="time">Nanoseconds.</param>
    /// <param name="done">All it read.</param>
    /// <param name="snapshot">What it read at, if known.</param>
    /// <param name="isStale">Whether it asked for the past.</param>
    public void OkSnapshot(int process, long time, ImmutableArray<Operation> done, long? snapshot, bool isStale = false) =>
        Add(new HistoryEvent(0, EventType.Ok, process, time, done) { Snapshot = snapshot, IsStale = isStale });

    /// <summary>The client was told, with proof, that its transaction aborted.</summary>
    /// <param name="process">Who.</param>
    /// <param name="time">Nanoseconds.</param>
    /// <param name="tried">What it tried; none if that is what it planned.</param>
    public void Fail(int process, long time, params ImmutableArray<Operation> tried) =>
        Add(new HistoryEvent(0, EventType.Fail, process, time, tried));

    /// <summary>The client doesn't know what became of its transaction.</summary>
    /// <param name="process">Who.</param>
    /// <param name="time">Nanoseconds.</param>
    /// <param name="tried">What it tried; none if that is what it planned.</param>
    public void Info(int process, long time, params ImmutableArray<Operation> tried) =>
        Add(new HistoryEvent(0, EventType.Info, process, time, tried));

    /// <summary>What was recorded until now.</summary>
    /// <exception cref="HistoryFormatException">The calls weren't those of processes with one transaction at a time each.</exception>
    public History ToHistory()
    {
        if (_gate is null)
        {
            return new History(_events);
        }

        lock (_gate)
        {
            return new History(_events);
        }
    }

    private void Add(HistoryEvent e)
    {
        if (_gate is null)
        {
            _events.Add(e with { Index = _events.Count });
            return;
        }

        lock (_gate)
        {
            _events.Add(e with { Index = _events.Count });
        }
    }
}
