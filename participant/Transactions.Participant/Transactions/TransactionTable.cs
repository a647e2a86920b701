using Transactions.Clocks;
using Transactions.Model;

namespace Transactions.Participant;

/// <summary>The transactions that this shard knows, and how each leaves it.</summary>
internal sealed class TransactionTable(
    ShardCore core, ShardLease lease, LockTable locks, PreparedWriters prepared, OperationRunner runner, EndedTransactions ended)
{
    private readonly Dictionary<TransactionId, ShardTransaction> _transactions = [];

    // Ids, so that what has ended isn't kept until its deadline.
    private readonly PriorityQueue<TransactionId, long> _deadlines = new();

    /// <summary>Snapshot reads that waited for a transaction may go on.</summary>
    public required Action<ShardTransaction> ResumeReads { get; init; }

    public EndedTransactions Ended { get; } = ended;

    public int Count => _transactions.Count;

    public IReadOnlyCollection<ShardTransaction> All => _transactions.Values;

    public ShardTransaction? Find(TransactionId id) => _transactions.GetValueOrDefault(id);

    public ShardTransaction Add(TransactionContext context)
    {
        ShardTransaction transaction = new(context, lease.Generation);
        Add(transaction);
        return transaction;
    }

    public void Add(ShardTransaction transaction)
    {
        _transactions.Add(transaction.Id, transaction);
        _deadlines.Enqueue(transaction.Id, transaction.Context.Deadline.Value);
    }

    /// <summary>Ends a transaction that hasn't voted, and tells its coordinator unless that asked for it.</summary>
    public void Drop(ShardTransaction transaction, AbortReason reason, bool tell = true)
    {
        Invariant.Holds(transaction.Status == TransactionStatus.Active, "X7: only what hasn't voted is dropped by the shard alone");
        if (tell)
        {
            core.Emit(new ShardEffect.Send(
                transaction.Context.Coordinator,
                new ShardFrame.Dropped(transaction.Id, new ShardGeneration(core.Id, transaction.Generation), reason)));
        }

        Release(transaction, Outcome.Aborted(reason));
        Forget(transaction);
    }

    /// <summary>Frees what an ended transaction holds: its locks, its waiting operations, and the reads behind it.</summary>
    public void Release(ShardTransaction transaction, Outcome outcome)
    {
        bool wasPrepared = transaction.Status != TransactionStatus.Active;
        transaction.Outcome = outcome;
        transaction.Status = TransactionStatus.Ended;
        if (core.Mutation != Mutation.ForgetEnded)
        {
            Ended.Remember(transaction.Id, outcome, transaction.Context.Deadline);
        }

        prepared.Remove(transaction);
        FailOperations(transaction, outcome);
        locks.ReleaseAll(transaction);
        if (wasPrepared)
        {
            ResumeReads(transaction);
        }

        core.Notify(new ShardNotice.Ended(transaction.Id, outcome));
    }

    /// <summary>Removes an ended transaction: nothing of it is left to be written.</summary>
    public void Forget(ShardTransaction transaction) => _transactions.Remove(transaction.Id);

    /// <summary>Drops what has run out of time without a vote, and forgets ended ids whose time is over (X5).</summary>
    public void TimePassed()
    {
        if (!core.Clock.IsHealthy)
        {
            return;
        }

        while (_deadlines.TryPeek(out TransactionId id, out long deadline) && core.Clock.Latest.Value > deadline)
        {
            _deadlines.Dequeue();
            if (Find(id) is { Status: TransactionStatus.Active } transaction)
            {
                Drop(transaction, AbortReason.DeadlinePassed);
            }
        }

        Ended.Forget(core.Mutation == Mutation.ForgetEndedEarly ? core.Clock.Latest.Plus(core.Limits.MaxOffset) : core.Clock.Earliest);
    }

    /// <summary>Section 7: a coordinator that came back as another incarnation knows none of the old one's transactions.</summary>
    public void DropOtherIncarnations(CoordinatorId present)
    {
        foreach (ShardTransaction transaction in _transactions.Values.ToList())
        {
            CoordinatorId home = transaction.Context.Coordinator;
            if (transaction.Status == TransactionStatus.Active && home.Name == present.Name && home.Incarnation != present.Incarnation)
            {
                Drop(transaction, AbortReason.CoordinatorLost, tell: false);
            }
        }
    }

    /// <summary>Ends all that hasn't voted: this owner takes no more (L5).</summary>
    public void DropActive(AbortReason reason)
    {
        foreach (ShardTransaction transaction in _transactions.Values.ToList())
        {
            if (transaction.Status == TransactionStatus.Active)
            {
                Drop(transaction, reason);
            }
        }
    }

    /// <summary>Forgets everything, answering whoever waits: another process owns the shard.</summary>
    public void Clear(Refusal refusal)
    {
        foreach (ShardTransaction transaction in _transactions.Values)
        {
            foreach (PendingOperation operation in transaction.Operations.Values)
            {
                runner.Finish(operation, new ShardAnswer.Refused(refusal, new ShardGeneration(core.Id, transaction.Generation)));
            }

            transaction.Status = TransactionStatus.Ended;
            prepared.Remove(transaction);
        }

        // When all have ended, so that nothing goes on with what is granted meanwhile.
        foreach (ShardTransaction transaction in _transactions.Values)
        {
            locks.ReleaseAll(transaction);
        }

        while (locks.TryTakeGranted(out _))
        {
        }

        _transactions.Clear();
        _deadlines.Clear();
    }

    /// <summary>What an operation of a transaction that was aborted is answered.</summary>
    public Refusal RefusalOf(TransactionId id, AbortReason reason) => Refusal.Aborted(
        reason,
        $"Transaction {id} was aborted at shard {core.Id}: {reason}; {(reason.MayRetry() ? "run it again" : "begin a new one")}.");

    private void FailOperations(ShardTransaction transaction, Outcome outcome)
    {
        if (transaction.OperationsUnderWay == 0)
        {
            return;
        }

        ShardAnswer.Refused answer = new(
            RefusalOf(transaction.Id, outcome.Reason), new ShardGeneration(core.Id, transaction.Generation));
        foreach (PendingOperation operation in transaction.Operations.Values)
        {
            runner.Finish(operation, answer);
        }
    }
}
