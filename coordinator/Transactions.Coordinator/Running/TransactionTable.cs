using System.Diagnostics.CodeAnalysis;
using Transactions.Clocks;
using Transactions.Coordinator.Calls;
using Transactions.Coordinator.Timing;
using Transactions.Coordinator.Turns;
using Transactions.Model;

namespace Transactions.Coordinator.Running;

// The transactions that haven't ended, and the two clocks that run against those that aren't sealed (section 7).
internal sealed class TransactionTable(Workspace work, OpenCalls calls)
{
    private readonly Dictionary<TransactionId, TransactionRecord> _records = [];
    private readonly DueQueue<long, TransactionId> _heartbeats = new();
    private readonly DueQueue<Timestamp, TransactionId> _deadlines = new();

    public int Count => _records.Count;

    public bool TryFind(TransactionId id, [NotNullWhen(true)] out TransactionRecord? record) => _records.TryGetValue(id, out record);

    public bool TryFind(TransactionId id, TransactionState state, [NotNullWhen(true)] out TransactionRecord? record) =>
        TryFind(id, out record) && record.State == state;

    public TransactionRecord Add(TransactionContext context)
    {
        TransactionRecord record = new(context, new Waiters(calls)) { LastHeartbeat = work.Microseconds };
        _records.Add(context.Id, record);
        _heartbeats.Add(work.After(work.Options.HeartbeatTimeout), context.Id);
        _deadlines.Add(context.Deadline, context.Id);
        return record;
    }

    public void Remove(TransactionRecord record)
    {
        record.MoveTo(TransactionState.Ended);
        _records.Remove(record.Id);
    }

    // Calls back for each unsealed transaction that missed its heartbeats or whose deadline may have passed.
    public void OnTime(Action<TransactionRecord, AbortReason> expired)
    {
        while (_heartbeats.TryTake(work.Microseconds, out TransactionId id))
        {
            if (TryFind(id, TransactionState.Open, out TransactionRecord? record))
            {
                CheckHeartbeat(record, expired);
            }
        }

        while (_deadlines.TryPeek(out Timestamp deadline) && work.MayHavePassed(deadline))
        {
            if (TryFind(_deadlines.Take(), TransactionState.Open, out TransactionRecord? record))
            {
                expired(record, AbortReason.DeadlinePassed);
            }
        }
    }

    private void CheckHeartbeat(TransactionRecord record, Action<TransactionRecord, AbortReason> expired)
    {
        long due = record.LastHeartbeat + Workspace.ToMicroseconds(work.Options.HeartbeatTimeout);
        if (work.Microseconds >= due)
        {
            expired(record, AbortReason.HeartbeatMissed);
        }
        else
        {
            _heartbeats.Add(due, record.Id);
        }
    }
}
