using Transactions.Model;

namespace Transactions.Participant;

/// <summary>Votes (X7): timestamps a transaction, marks its keys, persists its intents with the vote, answers.</summary>
internal sealed class Preparer(
    ShardCore core, ShardLease lease, TransactionTable transactions, PreparedWriters prepared, PersistQueue persists,
    CommitChecks checks, OutcomeApplier outcomes, VotedTransactions voted)
{
    /// <summary>Resolves that waited for the vote to be persisted may be answered (D4).</summary>
    public required Action<ShardTransaction> AnswerResolvers { get; init; }

    public void Receive(CoordinatorId from, CoordinatorFrame.Prepare frame)
    {
        // A later owner is asked: this one is fenced, doesn't know it yet, and has no say.
        if (frame.Generation > lease.Generation)
        {
            return;
        }

        ShardTransaction? transaction = transactions.Find(frame.Id);
        switch (transaction?.Status)
        {
            case null:
                RefuseUnknown(from, frame);
                break;

            case TransactionStatus.Active:
                Prepare(transaction, from, frame);
                break;

            case TransactionStatus.Preparing:
                transaction.AddOnce(transaction.Askers, from);
                break;

            // A repeated Prepare repeats the stored vote, never a later one.
            case TransactionStatus.Prepared or TransactionStatus.PreparedReader when core.Mutation == Mutation.VoteAnew:
                SendVote(from, transaction, Vote.Yes(transaction.PrepareTimestamp, lease.Until));
                break;
            case TransactionStatus.Prepared or TransactionStatus.PreparedReader:
                SendVote(from, transaction, transaction.Vote);
                break;

            // It came late: the outcome is known, or is this shard's to find.
            case TransactionStatus.CommittingOnePhase or TransactionStatus.AwaitingCommitWait or TransactionStatus.Applying
                or TransactionStatus.Dropping or TransactionStatus.Ended:
                break;
        }
    }

    private void RefuseUnknown(CoordinatorId from, CoordinatorFrame.Prepare frame)
    {
        AbortReason reason;
        if (transactions.Ended.TryGet(frame.Id, out Outcome outcome))
        {
            if (outcome.IsCommitted)
            {
                return;
            }

            reason = outcome.Reason;
        }
        else
        {
            // X5: the refusal is an abort, and remembered as one.
            reason = frame.Generation == lease.Generation ? AbortReason.UnknownTransaction : AbortReason.OwnerChanged;
            if (core.Mutation != Mutation.ForgetLateRefusals)
            {
                transactions.Ended.Remember(frame.Id, Outcome.Aborted(reason));
            }
        }

        core.Emit(new ShardEffect.Send(
            from, new ShardFrame.Voted(frame.Id, new ShardGeneration(core.Id, frame.Generation), Vote.No(reason))));
    }

    private void Prepare(ShardTransaction transaction, CoordinatorId from, CoordinatorFrame.Prepare frame)
    {
        AbortReason? fault = checks.FindFault(transaction, frame.Generation, frame.Wrote, frame.Operations)
            ?? (frame.Wrote && persists.IsFull ? AbortReason.Overloaded : (AbortReason?)null)
            ?? checks.PickTimestamp(transaction, frame.Floor);
        if (fault is { } reason)
        {
            SendVote(from, transaction, Vote.No(reason));
            transactions.Drop(transaction, reason, tell: false);
            return;
        }

        transaction.AddOnce(transaction.Askers, from);
        if (!transaction.HasWritten)
        {
            transaction.Status = TransactionStatus.PreparedReader;
            voted.Add(transaction, askAt: long.MaxValue);
            TellVote(transaction);
            if (core.Mutation == Mutation.FreeReadersAtVote)
            {
                outcomes.Abort(transaction, AbortReason.CoordinatorLost);
            }

            return;
        }

        // In one step with the tick, so that no snapshot reader slips between.
        transaction.Status = TransactionStatus.Preparing;
        prepared.Add(transaction);
        persists.Enqueue(new PersistJob(new PersistItem.Prepare(ToRow(transaction)))
        {
            Bytes = transaction.WriteBytes,
            ShallGo = () => ShallGo(transaction),
            Persisted = _ => Persisted(transaction),
            Refused = message => Refused(transaction, message),
        });
        if (core.Mutation == Mutation.VoteBeforePersisted)
        {
            SendVote(from, transaction, transaction.Vote);
        }
    }

    private PreparedRow ToRow(ShardTransaction transaction) => new(
        transaction.Context,
        transaction.PrepareTimestamp,
        transaction.ValidUntil,
        transaction.Generation,
        transaction.AdmittedOperations,
        transaction.Writes());

    // Nothing of it is written yet: an abort, or its deadline, ends it here.
    private bool ShallGo(ShardTransaction transaction)
    {
        if (transaction.AbortWhenPersisted is { } reason)
        {
            EndUnpersisted(transaction, reason);
            return false;
        }

        if (core.Clock.IsHealthy && core.Clock.Latest > transaction.Context.Deadline)
        {
            EndUnpersisted(transaction, AbortReason.DeadlinePassed);
            return false;
        }

        return true;
    }

    private void Persisted(ShardTransaction transaction)
    {
        transaction.Status = TransactionStatus.Prepared;
        voted.Add(transaction, askAt: core.NowMicroseconds + (core.Options.InDoubtInterval.BclCompatibleTicks / 10));
        if (transaction.AbortWhenPersisted is { } reason)
        {
            // X10: an abort that met the persist in flight let it finish; now the intents go.
            outcomes.Abort(transaction, reason);
        }
        else
        {
            TellVote(transaction);
        }

        AnswerResolvers(transaction);
    }

    private void Refused(ShardTransaction transaction, string message)
    {
        core.Notify(new ShardNotice.StorageFailing($"the intents of {transaction.Id}", message));
        EndUnpersisted(transaction, transaction.AbortWhenPersisted ?? AbortReason.StorageRefused);
    }

    private void EndUnpersisted(ShardTransaction transaction, AbortReason reason)
    {
        foreach (CoordinatorId asker in transaction.Askers)
        {
            SendVote(asker, transaction, Vote.No(reason));
        }

        transactions.Release(transaction, Outcome.Aborted(reason));
        transactions.Forget(transaction);
        AnswerResolvers(transaction);
    }

    private void TellVote(ShardTransaction transaction)
    {
        foreach (CoordinatorId asker in transaction.Askers)
        {
            SendVote(asker, transaction, transaction.Vote);
        }

        transaction.Askers.Clear();
    }

    private void SendVote(CoordinatorId to, ShardTransaction transaction, Vote vote) => core.Emit(new ShardEffect.Send(
        to, new ShardFrame.Voted(transaction.Id, new ShardGeneration(core.Id, transaction.Generation), vote)));
}
