using Transactions.Clocks;
using Transactions.Model;

namespace Transactions.Participant;

/// <summary>Decides which operations are admitted (X2): only these enlist their transaction, count, and may be repeated.</summary>
internal sealed class OperationAdmission(
    ShardCore core, ShardLease lease, TransactionTable transactions, OperationRunner runner, FieldChecks checks)
{
    public void Receive(ShardEvent.OperationReceived e)
    {
        core.ExpectAnswer(e.Call);
        if (FindRefusal(e) is { } refusal)
        {
            core.Refuse(e.Call, refusal);
            return;
        }

        ShardTransaction? transaction = transactions.Find(e.Context.Id);
        if (transaction?.Operations.GetValueOrDefault(e.Number) is { } known && core.Mutation != Mutation.RunRepeatsAgain)
        {
            Repeat(e, transaction, known);
        }
        else if (FindAdmissionRefusal(e, transaction) is { } notAdmitted)
        {
            if (core.Mutation == Mutation.CountRefusedOperations && transaction is { Status: TransactionStatus.Active })
            {
                transaction.AdmittedOperations++;
            }

            core.Refuse(e.Call, notAdmitted);
        }
        else
        {
            Admit(e, transaction);
        }
    }

    // X2: a repeat gets the first reply and changes nothing; a repeat with other content dooms the transaction.
    private void Repeat(ShardEvent.OperationReceived e, ShardTransaction transaction, PendingOperation known)
    {
        if (!known.Operation.Equals(e.Operation))
        {
            if (transaction.Status == TransactionStatus.Active)
            {
                transactions.Drop(transaction, AbortReason.OperationConflict);
            }

            core.Refuse(e.Call, Refusal.Aborted(
                AbortReason.OperationConflict,
                $"Operation {e.Number} came before with other content; number each operation once in its transaction."));
        }
        else if (known.Answer is { } answer)
        {
            core.Answer(e.Call, answer);
        }
        else if (core.FindWaitingRefusal() is { } tooMany)
        {
            core.Refuse(e.Call, tooMany);
        }
        else
        {
            // Calls given up meanwhile make room: a client that asks again and again keeps one place.
            known.Calls.RemoveAll(call => !core.IsWaiting(call));
            known.Calls.Add(e.Call);
        }
    }

    private void Admit(ShardEvent.OperationReceived e, ShardTransaction? transaction)
    {
        if (transaction is null)
        {
            // X3: the Enlist frame is sent without waiting for anything.
            transaction = transactions.Add(e.Context);
            core.Emit(new ShardEffect.Send(
                e.Context.Coordinator, new ShardFrame.Enlist(e.Context.Id, lease.Owner, e.Context)));
        }

        transaction.AdmittedOperations++;
        transaction.HeldBytes += e.Operation.ValueLength;
        PendingOperation operation = new(transaction, e.Number, e.Operation);
        operation.Calls.Add(e.Call);
        transaction.Operations[e.Number] = operation;
        runner.Start(operation);
    }

    // What refuses a repeat too: past the deadline all is refused (X2).
    private Refusal? FindRefusal(ShardEvent.OperationReceived e) =>
        lease.RefusalUnlessServing()
        ?? (core.Clock.IsHealthy ? null : Refusal.Unavailable(RefusalReason.ClockUnhealthy, core.Clock.Health.Message))
        ?? (core.Mutation == Mutation.ServePastLease ? null : lease.RefusalPastLease())
        ?? FindContextRefusal(e.Context)
        ?? (core.Mutation == Mutation.AcceptAnyDate ? null : FindIdRefusal(e.Context))
        ?? FindPriorityRefusal(e.Context)
        ?? FindDeadlineRefusal(e.Context)
        ?? FindEndRefusal(e.Context);

    // X1: another client can sign a context with this id; it must neither see nor end what isn't its own.
    private Refusal? FindContextRefusal(TransactionContext context) =>
        transactions.Find(context.Id) is not { } transaction || transaction.Context == context
            ? null
            : Refusal.Invalid(
                "context", $"Transaction {context.Id} was begun with another context; send the same one with each of its operations.");

    private Refusal? FindIdRefusal(TransactionContext context)
    {
        Timestamp issuedAt = context.Id.IssuedAt;
        if (issuedAt < core.Clock.Latest.Minus(core.Limits.MaxLifetime) || issuedAt > core.Clock.Latest.Plus(core.Limits.MaxOffset))
        {
            return new Refusal(
                RefusalStatus.InvalidArgument,
                RefusalReason.IdOutOfRange,
                $"context.id is {context.Id}, dated {issuedAt}, outside the present minus {core.Limits.MaxLifetime} to the present "
                + $"plus {core.Limits.MaxOffset}; begin a new transaction, and check the client's clock.")
            {
                Field = "context.id",
            };
        }

        return context.Deadline <= issuedAt.Plus(core.Limits.MaxLifetime)
            ? null
            : Refusal.Invalid(
                "context.deadline",
                $"context.deadline is {context.Deadline}, more than {core.Limits.MaxLifetime} after the id's date {issuedAt}; give an earlier one.");
    }

    // X4: a retry keeps its first priority, and retries end; whoever claims more would wound everybody for ever.
    private Refusal? FindPriorityRefusal(TransactionContext context) =>
        context.Priority >= context.Id.IssuedAt.Minus(ProtocolLimits.LongestRun) && core.MayAdopt(context.Priority)
            ? null
            : Refusal.Invalid(
                "context.priority",
                $"context.priority is {context.Priority}, more than {ProtocolLimits.LongestRun} before the id's date {context.Id.IssuedAt}, or more "
                + $"than {core.Limits.MaxOffset} beyond the present; give the start timestamp of the first try, and begin anew when retries "
                + "have taken longer.");

    // X5: the refusal is an abort, and remembered as one.
    private Refusal? FindDeadlineRefusal(TransactionContext context)
    {
        if (core.Clock.Latest <= context.Deadline)
        {
            return null;
        }

        ShardTransaction? transaction = transactions.Find(context.Id);
        if (core.Mutation == Mutation.ForgetLateRefusals)
        {
            // Refused this time, and perhaps not the next time.
        }
        else if (transaction is { Status: TransactionStatus.Active })
        {
            transactions.Drop(transaction, AbortReason.DeadlinePassed);
        }
        else if (transaction is null && !transactions.Ended.TryGet(context.Id, out _))
        {
            transactions.Ended.Remember(context.Id, Outcome.Aborted(AbortReason.DeadlinePassed), context.Deadline);
        }

        return new Refusal(
            RefusalStatus.Aborted,
            RefusalReason.DeadlinePassed,
            $"The deadline {context.Deadline} of transaction {context.Id} has passed; begin a new one, with a longer timeout if it needs one.")
        {
            Field = "context.deadline",
            AbortReason = AbortReason.DeadlinePassed,
        };
    }

    private Refusal? FindEndRefusal(TransactionContext context)
    {
        if (!transactions.Ended.TryGet(context.Id, out Outcome outcome))
        {
            return null;
        }

        return outcome.IsCommitted
            ? new Refusal(
                RefusalStatus.FailedPrecondition,
                RefusalReason.TransactionEnded,
                $"Transaction {context.Id} is committed and takes no more operations; begin a new one.")
            : transactions.RefusalOf(context.Id, outcome.Reason);
    }

    private Refusal? FindAdmissionRefusal(ShardEvent.OperationReceived e, ShardTransaction? transaction)
    {
        if (checks.Check(e.Operation) is { } invalid)
        {
            return invalid;
        }

        ShardOptions options = core.Options;
        if (core.FindWaitingRefusal() is { } tooMany)
        {
            return tooMany;
        }

        if (transaction is null)
        {
            return transactions.Count < options.MaxOpenTransactions
                ? FindBytesRefusal(e, held: 0)
                : Refusal.Busy(
                    "transactions", $"Shard {core.Id} has {options.MaxOpenTransactions} open transactions, which is the limit (MaxOpenTransactions)");
        }

        return transaction switch
        {
            { Status: not TransactionStatus.Active } => new Refusal(
                RefusalStatus.FailedPrecondition,
                RefusalReason.TransactionSealed,
                $"Transaction {e.Context.Id} is being committed and takes no more operations; begin a new one."),
            _ when transaction.AdmittedOperations >= options.MaxOperationsPerTransaction => Refusal.Limit(
                "operations",
                $"Transaction {e.Context.Id} has {options.MaxOperationsPerTransaction} operations at shard {core.Id}, which is the limit (MaxOperationsPerTransaction); split it."),
            _ when e.Operation.Writes && transaction.WriteCount + transaction.WritesUnderWay >= options.MaxWritesPerTransaction =>
                Refusal.Limit(
                    "writes",
                    $"Transaction {e.Context.Id} writes {options.MaxWritesPerTransaction} keys at shard {core.Id}, which is the limit (MaxWritesPerTransaction); split it."),
            _ => FindBytesRefusal(e, transaction.HeldBytes),
        };
    }

    // An operation and its reply are kept for repeats, whatever a later one overwrites.
    private Refusal? FindBytesRefusal(ShardEvent.OperationReceived e, long held) =>
        held < core.Options.MaxBytesPerTransaction && held + e.Operation.ValueLength <= core.Options.MaxBytesPerTransaction
            ? null
            : Refusal.Limit(
                "bytes",
                $"Transaction {e.Context.Id} would hold {held + e.Operation.ValueLength} bytes at shard {core.Id}, over the limit of "
                + $"{core.Options.MaxBytesPerTransaction} (MaxBytesPerTransaction); split it.");
}
