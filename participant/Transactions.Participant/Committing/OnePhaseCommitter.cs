using Transactions.Clocks;
using Transactions.Model;

namespace Transactions.Participant;

/// <summary>Commits a transaction of this one shard: its outcome row is the write-once register (X11).</summary>
internal sealed class OnePhaseCommitter(
    ShardCore core, ShardLease lease, TransactionTable transactions, PreparedWriters prepared, PersistQueue persists,
    OutcomeReader register, CommitChecks checks)
{
    // X9: their outcome rows say committed; they are shown when their timestamps have passed.
    private readonly PriorityQueue<ShardTransaction, long> _commitWaiting = new();

    /// <summary>Resolves that waited for the register may be answered (D4).</summary>
    public required Action<ShardTransaction> AnswerResolvers { get; init; }

    public void Receive(CoordinatorId from, CoordinatorFrame.CommitOnePhase frame)
    {
        // X11: only the owner of the named generation, or of a later one, may say no.
        if (frame.Generation > lease.Generation)
        {
            if (core.Mutation == Mutation.AnswerForLaterOwner)
            {
                SendEnded(from, frame.Id, Outcome.Aborted(AbortReason.UnknownTransaction));
            }

            return;
        }

        ShardTransaction? transaction = transactions.Find(frame.Id);
        switch (transaction?.Status)
        {
            case null:
                AnswerUnknown(from, frame);
                break;

            // X11: begun anew under this owner. The one that is named may have been committed by an earlier owner, which
            // the register tells.
            case TransactionStatus.Active when frame.Generation < lease.Generation:
                transactions.Drop(transaction, AbortReason.OwnerChanged, tell: false);
                AnswerUnknown(from, frame);
                break;

            case TransactionStatus.Active:
                Commit(transaction, from, frame);
                break;

            // A repeat joins the one under way.
            case TransactionStatus.CommittingOnePhase or TransactionStatus.AwaitingCommitWait:
                transaction.AddOnce(transaction.Askers, from);
                break;

            // It voted: the log has the last word, not this shard.
            case TransactionStatus.Preparing or TransactionStatus.Prepared or TransactionStatus.PreparedReader
                or TransactionStatus.Applying or TransactionStatus.Dropping or TransactionStatus.Ended:
                break;
        }
    }

    /// <summary>Shows what has waited long enough (X9, X11).</summary>
    public void TimePassed()
    {
        while (core.Clock.IsHealthy
            && _commitWaiting.TryPeek(out ShardTransaction? transaction, out long commitTimestamp)
            && (core.Clock.Earliest.Value > commitTimestamp || core.Mutation == Mutation.ShowOnePhaseAtOnce))
        {
            _commitWaiting.Dequeue();
            Show(transaction);
        }
    }

    public void Clear() => _commitWaiting.Clear();

    private void AnswerUnknown(CoordinatorId from, CoordinatorFrame.CommitOnePhase frame)
    {
        // From now on it can't begin here, whatever the register holds.
        bool isKnown = transactions.Ended.TryGet(frame.Id, out Outcome known);
        if (isKnown && known.IsCommitted)
        {
            SendEnded(from, frame.Id, known);
            return;
        }

        AbortReason reason = isKnown
            ? known.Reason
            : frame.Generation == lease.Generation ? AbortReason.UnknownTransaction : AbortReason.OwnerChanged;
        transactions.Ended.Remember(frame.Id, Outcome.Aborted(reason));
        register.Read(frame.Id, found =>
        {
            if (found is { } held)
            {
                transactions.Ended.Remember(frame.Id, held);
            }

            // D5: a repeat that finds no row at or below the mark ends expired.
            SendEnded(from, frame.Id, found
                ?? Outcome.Aborted(register.MayBePruned(frame.Id) ? AbortReason.Expired : reason));
        });
    }

    private void Commit(ShardTransaction transaction, CoordinatorId from, CoordinatorFrame.CommitOnePhase frame)
    {
        AbortReason? fault = checks.FindFault(transaction, frame.Generation, frame.Wrote, frame.Operations)
            ?? (frame.Wrote ? (AbortReason?)null : AbortReason.SetMismatch)
            ?? (persists.IsFull ? AbortReason.Overloaded : (AbortReason?)null)
            ?? checks.PickTimestamp(transaction, frame.Floor);
        if (fault is { } reason)
        {
            SendEnded(from, transaction.Id, Outcome.Aborted(reason));
            transactions.Drop(transaction, reason, tell: false);
            return;
        }

        transaction.AddOnce(transaction.Askers, from);
        transaction.Status = TransactionStatus.CommittingOnePhase;
        prepared.Add(transaction);
        persists.Enqueue(new PersistJob(
            new PersistItem.OnePhase(transaction.Id, transaction.PrepareTimestamp, transaction.Writes()))
        {
            Bytes = transaction.WriteBytes,
            ShallGo = () => ShallGo(transaction),
            Persisted = held => Persisted(transaction, held),
            Refused = message => Refused(transaction, message),
        });

        // X9: the wait runs beside the commit in PostgreSQL.
        core.Emit(new ShardEffect.WakeWhenPast(transaction.PrepareTimestamp));
    }

    private bool ShallGo(ShardTransaction transaction)
    {
        if (!core.Clock.IsHealthy || core.Clock.Latest <= transaction.Context.Deadline)
        {
            return true;
        }

        End(transaction, Outcome.Aborted(AbortReason.DeadlinePassed));
        return false;
    }

    private void Refused(ShardTransaction transaction, string message)
    {
        core.Notify(new ShardNotice.StorageFailing($"the one-phase commit of {transaction.Id}", message));
        End(transaction, Outcome.Aborted(AbortReason.StorageRefused));
    }

    // D5: no row below the mark; it was the first and only insert, so the transaction is aborted.
    private void Persisted(ShardTransaction transaction, Outcome? held)
    {
        Outcome outcome = held ?? Outcome.Aborted(AbortReason.Expired);
        if (!outcome.IsCommitted)
        {
            End(transaction, outcome);
            return;
        }

        Invariant.Holds(
            outcome.CommitTimestamp == transaction.PrepareTimestamp, "X11: the register holds the timestamp that this owner picked");
        transaction.Status = TransactionStatus.AwaitingCommitWait;
        _commitWaiting.Enqueue(transaction, outcome.CommitTimestamp.Value);
        TimePassed();
    }

    private void Show(ShardTransaction transaction) => End(transaction, Outcome.Committed(transaction.PrepareTimestamp));

    private void End(ShardTransaction transaction, Outcome outcome)
    {
        transactions.Release(transaction, outcome);
        transactions.Forget(transaction);
        foreach (CoordinatorId asker in transaction.Askers)
        {
            SendEnded(asker, transaction.Id, outcome);
        }

        AnswerResolvers(transaction);
    }

    private void SendEnded(CoordinatorId to, TransactionId id, Outcome outcome) =>
        core.Emit(new ShardEffect.Send(to, new ShardFrame.OnePhaseEnded(id, lease.Owner, outcome)));
}
