using System.Collections.Immutable;
using NodaTime;
using Transactions.Clocks;
using Transactions.Coordinator.Calls;
using Transactions.Coordinator.Endings;
using Transactions.Coordinator.Running;
using Transactions.Coordinator.Turns;
using Transactions.Model;

namespace Transactions.Coordinator.Sessions;

// What clients say of transactions that they run: Begin (X1), heartbeats and Abort (section 7).
internal sealed class ClientSessions(
    Workspace work,
    OpenCalls calls,
    TransactionTable table,
    EndedMemory ended,
    Admission admission,
    TransactionEndings endings)
{
    private const int ChanceLength = 10;

    public void OnBegin(CoordinatorEvent.Begin begin)
    {
        calls.Open(begin.Call);
        Refusal? refusal = CheckBegin(begin) ?? admission.CheckRoom();
        if (refusal is not null)
        {
            calls.Refuse(begin.Call, refusal);
            return;
        }

        TransactionId id = TransactionId.Create(work.Clock.Now, begin.Chance.AsSpan());
        if (table.TryFind(id, out _) || ended.TryFind(id, out _))
        {
            calls.Refuse(begin.Call, Refusal.Invalid("chance", "The id made of it is taken; use random bytes, fresh ones each time."));
            return;
        }

        Timestamp priority = begin.Priority ?? work.Sequence.Tick(work.Clock.Now);
        Timestamp deadline = id.IssuedAt.Plus(begin.Timeout ?? work.Limits.MaxLifetime);
        TransactionContext context = new(id, priority, deadline, work.Self, begin.Client);
        table.Add(context);
        calls.Answer(begin.Call, new CoordinatorAnswer.Begun(context));
    }

    private Refusal? CheckBegin(CoordinatorEvent.Begin begin)
    {
        if (string.IsNullOrEmpty(begin.Client) || begin.Client.Length > TransactionContext.MaxClientLength)
        {
            return Refusal.Invalid("client", $"The client's id must have 1 to {TransactionContext.MaxClientLength} characters.");
        }

        if (begin.Chance.IsDefault || begin.Chance.Length != ChanceLength)
        {
            return Refusal.Invalid("chance", $"Exactly {ChanceLength} random bytes are needed.");
        }

        if (begin.Timeout is { } timeout && (timeout <= Duration.Zero || timeout > work.Limits.MaxLifetime))
        {
            return Refusal.Invalid("timeout", $"The timeout must be above zero and at most {work.Limits.MaxLifetime} (MaxLifetime).");
        }

        if (!work.Clock.IsHealthy)
        {
            return Refusals.Unhealthy(work.Clock.Health);
        }

        return begin.Priority is { } priority
            && (priority < work.Clock.Now.Minus(ProtocolLimits.LongestRun) || !work.Clock.Interval.Accepts(priority, work.Limits.MaxOffset))
            ? Refusal.Invalid(
                "priority",
                $"The priority must be the start timestamp of the first try, at most {ProtocolLimits.LongestRun} ago; leave it out at the first try.")
            : null;
    }

    // Nothing is touched unless all of them are the client's.
    public void OnHeartbeat(CoordinatorEvent.Heartbeat heartbeat)
    {
        calls.Open(heartbeat.Call);
        if (heartbeat.Ids.IsDefault || heartbeat.Ids.Length > work.Options.MaxOpenTransactions)
        {
            int named = heartbeat.Ids.IsDefault ? 0 : heartbeat.Ids.Length;
            calls.Refuse(heartbeat.Call, Refusals.TooManyIds(named, work.Options.MaxOpenTransactions));
            return;
        }

        foreach (TransactionId id in heartbeat.Ids)
        {
            bool isAnothers = table.TryFind(id, out TransactionRecord? record)
                ? record.Context.Client != heartbeat.Client
                : ended.TryFind(id, out EndedTransaction? known) && known.IsAnothers(heartbeat.Client);
            if (isAnothers)
            {
                calls.Refuse(heartbeat.Call, Refusals.OtherClient("transactions"));
                return;
            }
        }

        ImmutableArray<(TransactionId Id, AbortReason Reason)>.Builder lost =
            ImmutableArray.CreateBuilder<(TransactionId Id, AbortReason Reason)>();
        foreach (TransactionId id in heartbeat.Ids)
        {
            if (table.TryFind(id, out TransactionRecord? record))
            {
                record.LastHeartbeat = work.Microseconds;
            }
            else if (ended.TryFind(id, out EndedTransaction? known) && known.Outcome is { IsCommitted: false } outcome)
            {
                lost.Add((id, outcome.Reason));
            }
        }

        calls.Answer(heartbeat.Call, new CoordinatorAnswer.HeartbeatSeen(lost.ToImmutable()));
    }

    public void OnAbort(CoordinatorEvent.Abort abort)
    {
        calls.Open(abort.Call);
        TransactionContext context = abort.Context;
        if (context.Coordinator.Name != work.Self.Name)
        {
            calls.Refuse(abort.Call, Refusals.OtherCoordinator(context.Coordinator.Name));
        }
        else if (!work.IsHome(context.Coordinator))
        {
            // It may have committed then; this call names no set to find out with.
            calls.Refuse(abort.Call, Refusals.OtherIncarnation());
        }
        else if (table.TryFind(context.Id, out TransactionRecord? record))
        {
            AbortHeld(abort.Call, record, context);
        }
        else if (ended.TryFind(context.Id, out EndedTransaction? known))
        {
            AnswerEnded(abort.Call, context, known);
        }
        else
        {
            AbortUnknown(abort.Call, context);
        }
    }

    private void AbortHeld(CallId call, TransactionRecord record, TransactionContext context)
    {
        if (record.Context.Client != context.Client)
        {
            calls.Refuse(call, Refusals.OtherClient());
        }
        else if (record.Waiters.TryJoin(call))
        {
            if (record.IsSealed)
            {
                // It is being committed: the answer is what comes of that.
                calls.RefuseAfter(call, work.Options.VoteTimeout, Refusals.Pending());
            }
            else
            {
                endings.Abort(record, AbortReason.ClientAborted);
            }
        }
    }

    private void AnswerEnded(CallId call, TransactionContext context, EndedTransaction known)
    {
        if (known.IsAnothers(context.Client))
        {
            calls.Refuse(call, Refusals.OtherClient());
        }
        else if (known.Outcome is { } outcome && !(outcome.IsCommitted && known.HasKey))
        {
            calls.AnswerOutcome(call, context.Id, outcome, null);
        }
        else
        {
            calls.Refuse(call, Refusals.Pending());
        }
    }

    private void AbortUnknown(CallId call, TransactionContext context)
    {
        if (!work.Clock.IsHealthy)
        {
            calls.Refuse(call, Refusals.Unhealthy(work.Clock.Health));
        }
        else if (admission.CheckDates(context) is { } wrongDates)
        {
            calls.Refuse(call, wrongDates);
        }
        else if (work.MayHavePassed(context.Deadline))
        {
            // It may have ended here and been forgotten.
            calls.Refuse(call, Refusals.DeadlinePassed());
        }
        else if (!ended.HasRoom)
        {
            calls.Refuse(call, Refusals.TooManyRemembered(work.Options.MaxRememberedTransactions));
        }
        else
        {
            // X5: never seen, and never to be: its Enlists and its Commit, if any are on their way, come too late.
            Outcome outcome = Outcome.Aborted(AbortReason.ClientAborted);
            ended.Remember(context.Id, context.Deadline, new(outcome, [], HasKey: false, Client: null));
            calls.AnswerOutcome(call, context.Id, outcome, null);
        }
    }
}
