using Transactions.Clocks;
using Transactions.Coordinator.Calls;
using Transactions.Coordinator.Committing;
using Transactions.Model;

namespace Transactions.Coordinator.Running;

// What the coordinator holds of one transaction until it has ended.
internal sealed class TransactionRecord(TransactionContext context, Waiters waiters)
{
    public TransactionContext Context { get; } = context;

    public TransactionId Id => Context.Id;

    public TransactionState State { get; private set; } = TransactionState.Open;

    // On the monotonic clock, in microseconds.
    public long LastHeartbeat { get; set; }

    public List<ShardGeneration> Enlisted { get; } = [];

    public Waiters Waiters { get; } = waiters;

    // X6: what Commit named; null until then.
    public SealedSet? Sealed { get; private set; }

    // X11: whether the frame ever went out; from then on only the shard's answer ends it.
    public bool WasAskedToCommit { get; set; }

    // Whether a place in the decision queue is kept for it.
    public bool HasReservation { get; set; }

    public bool IsSealed => Sealed is not null;

    // On the monotonic clock, in microseconds.
    public long SealedSince { get; private set; }

    public void Seal(CommitSet set, ReadOnlyMemory<byte>? result, Timestamp floor, long now)
    {
        Invariant.Holds(State == TransactionState.Open && !IsSealed, "X6: a transaction is sealed once");
        Sealed = new(set, result, floor);
        SealedSince = now;
    }

    public void MoveTo(TransactionState next)
    {
        Invariant.Holds(MayMoveTo(next), $"a transaction never goes from {State} to {next}");
        State = next;
    }

    private bool MayMoveTo(TransactionState next) => State switch
    {
        TransactionState.Open => next is TransactionState.Voting or TransactionState.OnePhase or TransactionState.Recording
            or TransactionState.Waiting or TransactionState.Ended,
        TransactionState.Voting => next is TransactionState.Recording or TransactionState.Waiting or TransactionState.Ended,
        TransactionState.OnePhase => next is TransactionState.Waiting or TransactionState.Ended,
        TransactionState.Recording => next is TransactionState.Waiting or TransactionState.Ended,
        TransactionState.Waiting => next is TransactionState.Ended,
        TransactionState.Ended => false,
    };
}
