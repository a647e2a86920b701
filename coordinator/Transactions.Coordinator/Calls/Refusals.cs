using NodaTime;
using Transactions.Clocks;
using Transactions.Model;

namespace Transactions.Coordinator.Calls;

// The words of every refusal that more than one part gives.
internal static class Refusals
{
    public static Refusal OtherCoordinator(string name) =>
        new(RefusalStatus.FailedPrecondition, RefusalReason.OtherCoordinator,
            $"The transaction belongs to the coordinator '{name}'; send this to that one.")
        { Field = "context.coordinator", Redirect = name };

    public static Refusal OtherIncarnation() =>
        new(RefusalStatus.FailedPrecondition, RefusalReason.OtherIncarnation,
            "The transaction began under another incarnation of this coordinator. If Commit was sent, ask with Resolve; else run it again.")
        { Field = "context.incarnation", MayRetry = true };

    public static Refusal OtherClient(string field = "context.client") =>
        new(RefusalStatus.PermissionDenied, RefusalReason.OtherClient,
            $"{field}: the transaction belongs to another client; only the client that runs it may do this.") { Field = field };

    public static Refusal OtherSet() =>
        new(RefusalStatus.FailedPrecondition, RefusalReason.TransactionSealed,
            "The transaction is being ended with another set of shards or another key; repeat exactly what was sent first.")
        { Field = "shards" };

    public static Refusal Unhealthy(ClockHealth health) =>
        Refusal.Unavailable(RefusalReason.ClockUnhealthy, $"No timestamp can be chosen now. {health.Message}");

    public static Refusal ShuttingDown() =>
        Refusal.Unavailable(RefusalReason.ShuttingDown, "This coordinator is stopping and takes no new transaction; try again.");

    public static Refusal TooManyOpen(int limit) =>
        Refusal.Busy("transactions", $"{limit} transactions are open, which is the limit (MaxOpenTransactions)");

    public static Refusal TooManyRemembered(int limit) =>
        Refusal.Busy("transactions", $"{limit} ended transactions are remembered, which is the limit (MaxRememberedTransactions)");

    public static Refusal TooManyDecisions(int limit) =>
        Refusal.Busy("decisions", $"{limit} decisions wait for the log, which is the limit (MaxQueuedDecisions)");

    public static Refusal TooManyResolutions(int limit) =>
        Refusal.Busy("resolutions", $"{limit} resolutions are under way, which is the limit (MaxOpenTransactions)");

    public static Refusal TooManyIds(int named, int limit) =>
        Refusal.Limit(
            "transactions", $"{named} transactions are named; at most {limit} (MaxOpenTransactions) fit in one heartbeat: send several.");

    public static Refusal TooManyReads(int limit) =>
        Refusal.Busy("reads", $"{limit} reads of the log are under way, which is the limit (MaxQueuedDecisions)");

    public static Refusal IdInFuture(Timestamp issuedAt, Duration maxOffset) =>
        new(RefusalStatus.InvalidArgument, RefusalReason.IdOutOfRange,
            $"The id is dated {issuedAt}, more than {maxOffset} (MaxOffset) ahead; set the clock of the machine that made it.") { Field = "context.id" };

    public static Refusal DeadlineTooFar(Duration maxLifetime) =>
        Refusal.Invalid(
            "context.deadline", $"The deadline lies more than {maxLifetime} (MaxLifetime) after the id's own time; set an earlier one.");

    public static Refusal DeadlinePassed() =>
        new(RefusalStatus.FailedPrecondition, RefusalReason.DeadlinePassed,
            "The transaction's deadline has passed and it isn't known here; if it was committed, ask with Resolve.")
        { Field = "context.deadline" };

    public static Refusal Expired() =>
        new(RefusalStatus.FailedPrecondition, RefusalReason.Expired,
            "The transaction is older than what the log keeps; nothing can be said of it any more.");

    public static Refusal NothingWritten() =>
        new(RefusalStatus.FailedPrecondition, RefusalReason.NothingWritten,
            "Nothing was written and no key was given, so no record exists or is needed; run it again.") { MayRetry = true };

    public static Refusal LogUnavailable() =>
        Refusal.Unavailable(RefusalReason.StorageUnavailable, "The decision log didn't answer; ask again.");

    // The transaction may be under way, so this must not say that it was never taken up.
    public static Refusal TooManyWait(int limit) =>
        Refusal.Unavailable(
            RefusalReason.OutcomePending, $"{limit} calls wait for this transaction, which is the limit; wait for one to be answered.");

    public static Refusal ResolvedTooEarly() =>
        Refusal.Unavailable(
            RefusalReason.IdOutOfRange, "The id is dated ahead of this coordinator's clock, so that it can't be resolved yet; ask again.")
        with { Field = "context.id" };

    public static Refusal TooManyShards(int named, int limit) =>
        Refusal.Limit("shards", $"{named} shards are named; at most {limit} (MaxShards) may be: touch fewer of them.");

    public static Refusal ResultTooLong(int length, int limit) =>
        Refusal.Limit("result", $"The result has {length} bytes; at most {limit} (MaxResultBytes) are stored: store less.");

    public static Refusal Pending() =>
        Refusal.Unavailable(
            RefusalReason.OutcomePending, "The outcome isn't known yet, and the transaction may still commit; ask again with Resolve.");
}
