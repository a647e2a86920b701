using Transactions.Clocks;
using Transactions.Model;

namespace Transactions.Participant;

/// <summary>Takes outcomes from coordinators and applies them (X10).</summary>
internal sealed class OutcomeApplier(
    ShardCore core, ShardLease lease, TransactionTable transactions, Overlay overlay, ApplyQueue applies)
{
    // T2: decided timestamps that this clock doesn't accept yet; their transactions keep their locks.
    private readonly List<(ShardTransaction Transaction, Timestamp CommitTimestamp)> _aheadOfClock = [];

    public void Receive(CoordinatorId from, CoordinatorFrame.Ended frame)
    {
        ShardTransaction? transaction = transactions.Find(frame.Id);
        if (transaction is null)
        {
            ReceiveForUnknown(from, frame);
        }
        else if (frame.Outcome.IsCommitted)
        {
            Commit(from, transaction, frame.Outcome.CommitTimestamp);
        }
        else
        {
            Abort(transaction, frame.Outcome.Reason);
        }
    }

    /// <summary>Aborts a transaction that isn't known as committed.</summary>
    public void Abort(ShardTransaction transaction, AbortReason reason)
    {
        switch (transaction.Status)
        {
            case TransactionStatus.Active:
                transactions.Drop(transaction, reason, tell: false);
                break;

            case TransactionStatus.PreparedReader:
                transactions.Release(transaction, Outcome.Aborted(reason));
                transactions.Forget(transaction);
                break;

            case TransactionStatus.Preparing:
                transaction.AbortWhenPersisted ??= reason;
                break;

            case TransactionStatus.Prepared:
                transactions.Release(transaction, Outcome.Aborted(reason));
                transaction.Status = TransactionStatus.Dropping;
                applies.Enqueue(transaction);
                break;

            // X11: nothing but this shard's register ends it.
            case TransactionStatus.CommittingOnePhase or TransactionStatus.AwaitingCommitWait:
                break;

            case TransactionStatus.Applying:
                Invariant.Holds(false, "invariant 1: a committed transaction is never aborted");
                break;

            case TransactionStatus.Dropping or TransactionStatus.Ended:
                break;
        }
    }

    /// <summary>Takes the outcomes that waited for this clock (T2).</summary>
    public void TimePassed()
    {
        if (_aheadOfClock.Count == 0 || !core.Clock.IsHealthy)
        {
            return;
        }

        List<(ShardTransaction Transaction, Timestamp CommitTimestamp)> waiting = [.. _aheadOfClock];
        _aheadOfClock.Clear();
        foreach ((ShardTransaction transaction, Timestamp commitTimestamp) in waiting)
        {
            Accept(transaction, commitTimestamp);
        }
    }

    /// <summary>PostgreSQL has acknowledged an end: the overlay lets go, and the coordinator may forget.</summary>
    public void Applied(ShardTransaction transaction)
    {
        overlay.Remove(transaction);
        transactions.Forget(transaction);
        if (transaction.Status == TransactionStatus.Applying)
        {
            foreach (CoordinatorId asker in transaction.Askers)
            {
                SendApplied(asker, transaction.Id);
            }
        }
    }

    public void Clear() => _aheadOfClock.Clear();

    // Nothing is held or stored under this id, so a commit is applied already: by this owner or an earlier one. A shard
    // applies only what it voted YES for, and what it voted YES for it holds until it is applied. Past its lease an owner can't
    // say so: a later one, whose intents it knows nothing of, may have voted.
    private void ReceiveForUnknown(CoordinatorId from, CoordinatorFrame.Ended frame)
    {
        if (frame.Outcome.IsCommitted)
        {
            if (core.Clock.IsHealthy && core.Clock.Latest <= lease.Until)
            {
                SendApplied(from, frame.Id);
            }
        }
        else if (!transactions.Ended.TryGet(frame.Id, out _))
        {
            transactions.Ended.Remember(frame.Id, frame.Outcome);
        }
    }

    private void Commit(CoordinatorId from, ShardTransaction transaction, Timestamp commitTimestamp)
    {
        switch (transaction.Status)
        {
            case TransactionStatus.Prepared:
                Invariant.Holds(transaction.PrepareTimestamp <= commitTimestamp, "X8: the commit timestamp is at or above each vote");
                Invariant.Holds(commitTimestamp <= transaction.ValidUntil, "X8: the commit timestamp is within each vote");
                transaction.AddOnce(transaction.Askers, from);
                Accept(transaction, commitTimestamp);
                break;

            case TransactionStatus.PreparedReader:
                Invariant.Holds(transaction.PrepareTimestamp <= commitTimestamp, "X12: the commit timestamp is at or above each vote");
                Invariant.Holds(commitTimestamp <= transaction.ValidUntil, "X12: the commit timestamp is within each vote");
                Accept(transaction, commitTimestamp);
                break;

            case TransactionStatus.Applying:
                Invariant.Holds(
                    transaction.Outcome == Outcome.Committed(commitTimestamp), "invariant 1: one commit timestamp for a transaction");
                transaction.AddOnce(transaction.Askers, from);
                break;

            case TransactionStatus.Preparing:
                Invariant.Holds(core.Mutation != Mutation.None, "X8: nothing is committed before each shard has voted");
                break;

            case TransactionStatus.Dropping:
                Invariant.Holds(core.Mutation != Mutation.None, "invariant 1: an aborted transaction is never committed");
                break;

            // X10: a shard applies only what it voted YES for.
            case TransactionStatus.Active when core.Mutation == Mutation.ApplyUnvoted:
                transaction.Status = TransactionStatus.Prepared;
                Accept(transaction, commitTimestamp);
                break;
            case TransactionStatus.Active or TransactionStatus.CommittingOnePhase or TransactionStatus.AwaitingCommitWait
                or TransactionStatus.Ended:
                break;
        }
    }

    private void Accept(ShardTransaction transaction, Timestamp commitTimestamp)
    {
        if (transaction.Status is not (TransactionStatus.Prepared or TransactionStatus.PreparedReader))
        {
            return;
        }

        // T2: a decided timestamp is never refused; the locks stay until this clock accepts it.
        if (!core.MayAdopt(commitTimestamp))
        {
            if (core.Mutation == Mutation.RefuseDecidedTimestamp)
            {
                Abort(transaction, AbortReason.ClockUnhealthy);
                return;
            }

            if (!_aheadOfClock.Contains((transaction, commitTimestamp)))
            {
                _aheadOfClock.Add((transaction, commitTimestamp));
            }

            return;
        }

        // X10: observed before any lock is freed.
        if (core.Mutation != Mutation.FreeLocksUnobserved)
        {
            core.Sequence.Observe(commitTimestamp);
        }

        bool isWriter = transaction.Status == TransactionStatus.Prepared;
        if (isWriter)
        {
            overlay.Add(transaction, commitTimestamp);
        }

        transactions.Release(transaction, Outcome.Committed(commitTimestamp));
        if (isWriter)
        {
            transaction.Status = TransactionStatus.Applying;
            applies.Enqueue(transaction);
        }
        else
        {
            transactions.Forget(transaction);
        }
    }

    private void SendApplied(CoordinatorId to, TransactionId id) =>
        core.Emit(new ShardEffect.Send(to, new ShardFrame.Applied(id, lease.Owner)));
}
