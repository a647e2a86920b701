using System.Collections.Immutable;
using Transactions.Clocks;
using Transactions.Coordinator.Batching;
using Transactions.Coordinator.Delivering;
using Transactions.Coordinator.Owners;
using Transactions.Coordinator.Running;
using Transactions.Coordinator.Timing;
using Transactions.Coordinator.Turns;
using Transactions.Model;

namespace Transactions.Coordinator.Endings;

// The last step of every transaction held here: callers are answered, shards are told, the id is remembered.
internal sealed class TransactionEndings(
    Workspace work,
    TransactionTable table,
    EndedMemory ended,
    DecisionQueue decisions,
    ShardDirectory directory,
    OutcomeDelivery delivery,
    CommitWaits waits)
{
    // Presumed abort: nothing is recorded, and whoever doesn't hear of it asks (D1, D3).
    public void Abort(TransactionRecord record, AbortReason reason)
    {
        EndAborted(record, reason);
        record.Waiters.AnswerOutcome(record.Id, Outcome.Aborted(reason), null);
    }

    // D6: the callers get what the key's holder got; this transaction is aborted.
    public void AbortInFavourOf(TransactionRecord record, Decision holder)
    {
        EndAborted(record, AbortReason.IdempotencyKeyTaken);
        WhenTold(holder.Outcome, () => record.Waiters.AnswerOutcome(holder.Id, holder.Outcome, holder.Result));
    }

    private void EndAborted(TransactionRecord record, AbortReason reason)
    {
        Outcome outcome = Outcome.Aborted(reason);
        Leave(record, outcome);
        foreach (ShardId shard in Concerned(record))
        {
            directory.Send(shard, new CoordinatorFrame.Ended(record.Id, outcome));
        }
    }

    // X11: the shard knows the outcome, since it made it.
    public void EndOnePhase(TransactionRecord record, Outcome outcome)
    {
        Leave(record, outcome);
        record.Waiters.AnswerOutcome(record.Id, outcome, null);
    }

    // X9, X10: told to the callers and to every shard named, readers too.
    public void Commit(TransactionRecord record, Timestamp commitTimestamp, ReadOnlyMemory<byte>? result)
    {
        Invariant.Holds(work.HasPassed(commitTimestamp), "X9: no outcome is told before its timestamp is past");
        Outcome outcome = Outcome.Committed(commitTimestamp);
        ImmutableArray<ShardGeneration> writers = record.Sealed!.Writers();
        Leave(record, outcome);
        record.Waiters.AnswerOutcome(record.Id, outcome, result);

        ImmutableArray<ShardGeneration> told = work.Mutation == Mutation.ForgetReaders ? writers : record.Sealed.Set.Owners;
        foreach (ShardGeneration owner in told)
        {
            directory.Send(owner.Shard, new CoordinatorFrame.Ended(record.Id, outcome));
        }

        delivery.Track(record.Id, outcome, writers, isOwn: true);
    }

    // X9: whoever reports a commit waits until its timestamp is past.
    public void WhenTold(Outcome outcome, Action tell)
    {
        if (outcome.IsCommitted)
        {
            waits.WhenPast(outcome.CommitTimestamp, tell);
        }
        else
        {
            tell();
        }
    }

    private void Leave(TransactionRecord record, Outcome outcome)
    {
        if (record.HasReservation)
        {
            record.HasReservation = false;
            decisions.Release();
        }

        table.Remove(record);
        ended.Remember(
            record.Id,
            record.Context.Deadline,
            new(outcome, record.Sealed?.Set.Owners ?? [], record.Sealed?.Set.Key is not null, record.Context.Client));
        work.Notify(new CoordinatorNotice.Decided(record.Id, outcome, Concerned(record).Count));
    }

    // Named or enlisted, in the order of their names.
    private static SortedSet<ShardId> Concerned(TransactionRecord record) =>
    [
        .. record.Enlisted.Select(o => o.Shard),
        .. record.Sealed is { } named ? named.Set.Owners.Select(o => o.Shard) : [],
    ];
}
