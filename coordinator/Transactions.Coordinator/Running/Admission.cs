using Transactions.Coordinator.Calls;
using Transactions.Coordinator.Delivering;
using Transactions.Coordinator.Endings;
using Transactions.Coordinator.Turns;
using Transactions.Model;

namespace Transactions.Coordinator.Running;

// X1, section 7: whether a transaction that isn't known here may become known.
internal sealed class Admission(Workspace work, TransactionTable table, EndedMemory ended, OutcomeDelivery delivery)
{
    // Null when there is room for one more.
    public Refusal? CheckRoom()
    {
        if (work.IsStopping)
        {
            return Refusals.ShuttingDown();
        }

        if (table.Count + delivery.OwnCount >= work.Options.MaxOpenTransactions)
        {
            return Refusals.TooManyOpen(work.Options.MaxOpenTransactions);
        }

        return ended.HasRoom ? null : Refusals.TooManyRemembered(work.Options.MaxRememberedTransactions);
    }

    // X1: null when the dates are in order. An id dated too far back needs no check of its own: its deadline, at most a
    // lifetime later, has passed then.
    public Refusal? CheckDates(TransactionContext context)
    {
        if (work.Mutation == Mutation.AcceptAnyDate)
        {
            return null;
        }

        if (context.Deadline > context.Id.IssuedAt.Plus(work.Limits.MaxLifetime))
        {
            return Refusals.DeadlineTooFar(work.Limits.MaxLifetime);
        }

        return IsInFuture(context.Id) ? Refusals.IdInFuture(context.Id.IssuedAt, work.Limits.MaxOffset) : null;
    }

    // With an unhealthy clock this can't be said, and no transaction begins anyway.
    public bool IsInFuture(TransactionId id) =>
        work.Clock.IsHealthy && !work.Clock.Interval.Accepts(id.IssuedAt, work.Limits.MaxOffset);
}
