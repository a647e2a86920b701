using System.Collections.Immutable;
using Transactions.Clocks;
using Transactions.Histories;
using Transactions.Model;
using Done = Transactions.Histories.Operation;

namespace Transactions.Simulation;

/// <summary>Records what the clients of a run did and were told, as a history that others can judge.</summary>
/// <remarks>
/// Unlike the observer's, this knowledge is the clients' alone. At the end only the commit timestamps of those that are still in
/// doubt are filled in, so that no version is without its place.
/// </remarks>
internal sealed class SimHistory(World world)
{
    private readonly List<HistoryEvent> _events = [];
    private readonly List<(int Event, TransactionId Id)> _inDoubt = [];
    private readonly Stack<int> _idle = new();
    private int _processes;

    public HistoryWords Words { get; } = new();

    /// <summary>A client is about to begin a transaction.</summary>
    public RecordedTransaction Invoke()
    {
        int process = _idle.TryPop(out int idle) ? idle : _processes++;
        Add(EventType.Invoke, process, []);
        return new RecordedTransaction(this, process);
    }

    /// <summary>The client was told that it committed.</summary>
    public void Ok(RecordedTransaction transaction, Timestamp commit)
    {
        if (transaction.TryEnd())
        {
            _events.Add(New(EventType.Ok, transaction.Process, [.. transaction.Done]) with { Commit = commit.Value });
            _idle.Push(transaction.Process);
        }
    }

    /// <summary>A read-only transaction at a timestamp has read all it wanted.</summary>
    public void OkSnapshot(RecordedTransaction transaction, Timestamp at, bool isStale)
    {
        if (transaction.TryEnd())
        {
            _events.Add(New(EventType.Ok, transaction.Process, [.. transaction.Done]) with { Snapshot = at.Value, IsStale = isStale });
            _idle.Push(transaction.Process);
        }
    }

    /// <summary>It certainly never commits: the client was told so, or never asked for it.</summary>
    public void Fail(RecordedTransaction transaction)
    {
        if (transaction.TryEnd())
        {
            Add(EventType.Fail, transaction.Process, [.. transaction.Tried]);
            _idle.Push(transaction.Process);
        }
    }

    /// <summary>A Commit was sent, and the client will never know. What it counted is all that may have committed (X6).</summary>
    public void Info(RecordedTransaction transaction, TransactionId id)
    {
        if (transaction.TryEnd())
        {
            _inDoubt.Add((_events.Count, id));
            Add(EventType.Info, transaction.Process, [.. transaction.Done.Where(operation => operation.IsWrite)]);
        }
    }

    /// <summary>All of it, when the run is over.</summary>
    public History ToHistory()
    {
        foreach ((int at, TransactionId id) in _inDoubt)
        {
            if (world.Observer.CommitTimestampOf(id) is { } commit)
            {
                _events[at] = _events[at] with { Commit = commit.Value };
            }
        }

        return new History(_events);
    }

    private void Add(EventType type, int process, ImmutableArray<Done> operations) => _events.Add(New(type, process, operations));

    private HistoryEvent New(EventType type, int process, ImmutableArray<Done> operations) =>
        new(_events.Count, type, process, (world.Now - World.Start) * 1_000, operations);
}
