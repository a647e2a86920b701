using Transactions.Clocks;
using Transactions.Model;

namespace Transactions.Participant;

/// <summary>What a shard checks before it votes YES, or commits in one phase (X5, X6, X7).</summary>
internal sealed class CommitChecks(ShardCore core, ShardLease lease)
{
    /// <summary>Why an active transaction can't be voted for; null when it can.</summary>
    public AbortReason? FindFault(ShardTransaction transaction, Generation generation, bool wrote, int operations)
    {
        if (generation != lease.Generation || transaction.Generation != lease.Generation)
        {
            return AbortReason.OwnerChanged;
        }

        if (!core.Clock.IsHealthy)
        {
            return AbortReason.ClockUnhealthy;
        }

        if (core.Clock.Latest > transaction.Context.Deadline)
        {
            return AbortReason.DeadlinePassed;
        }

        // X6: exactly those operations that the client knows of, all of them answered.
        bool isSameCount = operations == transaction.AdmittedOperations || core.Mutation == Mutation.IgnoreOperationCount;
        return isSameCount && wrote == transaction.HasWritten && transaction.OperationsUnderWay == 0
            ? null
            : AbortReason.CountMismatch;
    }

    /// <summary>X7: picks the timestamp; null, with the reason, where no allowed one is left.</summary>
    public AbortReason? PickTimestamp(ShardTransaction transaction, Timestamp floor)
    {
        if (!core.MayAdopt(floor))
        {
            return AbortReason.ClockUnhealthy;
        }

        Timestamp picked = Timestamp.Max(floor, core.Sequence.Tick(core.Clock.Now));
        if (picked > lease.Until)
        {
            return AbortReason.LeaseTooShort;
        }

        core.Sequence.Observe(picked);
        Invariant.Holds(picked > transaction.GreatestVersionRead, "X7: the prepare timestamp lies above every version read");
        transaction.PrepareTimestamp = picked;
        transaction.ValidUntil = lease.Until;
        return null;
    }
}
