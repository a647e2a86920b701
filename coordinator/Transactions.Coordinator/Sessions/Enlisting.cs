using Transactions.Coordinator.Delivering;
using Transactions.Coordinator.Endings;
using Transactions.Coordinator.Running;
using Transactions.Coordinator.Turns;
using Transactions.Model;

namespace Transactions.Coordinator.Sessions;

// X3: shards say that a transaction has begun there. It serves aborts, heartbeats and display; X6 says who takes part.
internal sealed class Enlisting(
    Workspace work, TransactionTable table, EndedMemory ended, OutcomeDelivery delivery, Admission admission, TransactionEndings endings)
{
    public void OnEnlist(LinkId link, ShardFrame.Enlist frame)
    {
        TransactionContext context = frame.Context;
        if (context.Coordinator.Name != work.Self.Name || context.Id != frame.Id)
        {
            // Sent to the wrong one, which can't speak for the right one.
            return;
        }

        if (!work.IsHome(context.Coordinator))
        {
            // X1: an earlier life's transactions can't go on.
            Refuse(link, frame, AbortReason.CoordinatorLost);
        }
        else if (table.TryFind(frame.Id, out TransactionRecord? record))
        {
            OnHeld(link, frame, record);
        }
        else if (ended.TryFind(frame.Id, out EndedTransaction? known))
        {
            OnEnded(link, frame, known);
        }
        else if (!delivery.IsTracking(frame.Id))
        {
            OnUnknown(link, frame);
        }

        // What is being delivered was committed: its writers hear that again and again, and must hear nothing else.
    }

    private void OnHeld(LinkId link, ShardFrame.Enlist frame, TransactionRecord record)
    {
        if (record.Sealed is { } sealedSet)
        {
            if (!sealedSet.Set.Names(frame.Owner))
            {
                // X3: Commit didn't name it, so that what it did is no part of the transaction, whatever the outcome.
                Refuse(link, frame, AbortReason.SetMismatch);
            }

            return;
        }

        if (record.Enlisted.Contains(frame.Owner))
        {
            return;
        }

        bool isUnderTwo = record.Enlisted.Exists(e => e.Shard == frame.Owner.Shard);
        record.Enlisted.Add(frame.Owner);
        if (isUnderTwo)
        {
            // X6: it would be aborted at Commit; ended now, it holds no locks until then.
            endings.Abort(record, AbortReason.OwnerChanged);
        }
    }

    private void OnEnded(LinkId link, ShardFrame.Enlist frame, EndedTransaction known)
    {
        if (known.Outcome is { IsCommitted: true } committed && known.Named.Contains(frame.Owner))
        {
            // It has voted since, and this came late. A commit is remembered only when its timestamp is past (X9).
            work.Emit(new CoordinatorEffect.Send(link, frame.Owner.Shard, new CoordinatorFrame.Ended(frame.Id, committed)));
            return;
        }

        if (known.Outcome is null && ended.MayHaveForgotten(frame.Context.Deadline))
        {
            // The log is asked because it may have committed: ABORT needs proof.
            return;
        }

        Refuse(link, frame, known.Outcome switch
        {
            null => AbortReason.Resolved,
            { IsCommitted: true } => AbortReason.SetMismatch,
            { Reason: var reason } => reason,
        });
    }

    private void OnUnknown(LinkId link, ShardFrame.Enlist frame)
    {
        if (!work.Clock.IsHealthy)
        {
            // T3: whether it comes too late can't be said. Nobody waits for an Enlist.
            return;
        }

        if (ended.MayHaveForgotten(frame.Context.Deadline))
        {
            // It may have committed here: ABORT needs proof. What never voted, the shard drops at its deadline by itself.
            return;
        }

        AbortReason? refused = work.IsStopping ? AbortReason.ShuttingDown
            : admission.CheckDates(frame.Context) is not null ? AbortReason.UnknownTransaction
            : work.MayHavePassed(frame.Context.Deadline) ? AbortReason.DeadlinePassed
            : null;
        if (refused is { } reason)
        {
            if (reason != AbortReason.UnknownTransaction && work.Mutation != Mutation.ForgetRefusals)
            {
                // X5: the refusal is an abort, remembered as one.
                ended.Remember(
                    frame.Id, frame.Context.Deadline, new(Outcome.Aborted(reason), [], HasKey: false, Client: null));
            }

            Refuse(link, frame, reason);
            return;
        }

        // Without room it isn't held: Commit says so, and the shard drops it at its deadline.
        if (admission.CheckRoom() is null)
        {
            table.Add(frame.Context).Enlisted.Add(frame.Owner);
        }
    }

    private void Refuse(LinkId link, ShardFrame.Enlist frame, AbortReason reason)
    {
        if (work.Mutation != Mutation.IgnoreLateEnlist)
        {
            work.Emit(new CoordinatorEffect.Send(
                link, frame.Owner.Shard, new CoordinatorFrame.Ended(frame.Id, Outcome.Aborted(reason))));
        }
    }
}
