using Transactions.Coordinator.Batching;
using Transactions.Coordinator.Calls;
using Transactions.Coordinator.Endings;
using Transactions.Coordinator.Running;
using Transactions.Coordinator.Turns;
using Transactions.Clocks;
using Transactions.Model;

namespace Transactions.Coordinator.Sessions;

// What is asked without changing anything: outcomes, and read timestamps (S1).
internal sealed class Questions(
    Workspace work, OpenCalls calls, TransactionTable table, EndedMemory ended, DecisionReads reads, TransactionEndings endings)
{
    public void OnGetTimestamp(CoordinatorEvent.GetTimestamp get)
    {
        calls.Open(get.Call);
        if (!work.Clock.IsHealthy)
        {
            calls.Refuse(get.Call, Refusals.Unhealthy(work.Clock.Health));
            return;
        }

        Timestamp readTimestamp = work.Mutation == Mutation.ReadAtNow ? work.Clock.Now : work.Clock.Latest;
        work.Sequence.Observe(readTimestamp);
        calls.Answer(get.Call, new CoordinatorAnswer.TimestampGiven(readTimestamp, work.Clock.Earliest, work.Clock.Latest));
    }

    public void OnGetOutcome(CoordinatorEvent.GetOutcome get)
    {
        calls.Open(get.Call);
        if (get.Id is null && get.Key is null)
        {
            calls.Refuse(get.Call, Refusal.Invalid("id", "Neither an id nor a key was given; give one of them."));
        }
        else if (get.Id is { } held && table.TryFind(held, out _))
        {
            // Decided or not: X9 lets nobody be told before the callers are.
            calls.Answer(get.Call, new CoordinatorAnswer.Undecided());
        }
        else if (get.Id is { } id && ended.TryFind(id, out EndedTransaction? known) && known is { HasKey: false, Outcome: { } outcome })
        {
            calls.AnswerOutcome(get.Call, id, outcome, null);
        }
        else if (!reads.HasRoom)
        {
            calls.Refuse(get.Call, Refusals.TooManyReads(work.Options.MaxQueuedDecisions));
        }
        else
        {
            reads.Start(get.Id, get.Key, lookup => OnRead(get, lookup));
        }
    }

    private void OnRead(CoordinatorEvent.GetOutcome get, DecisionLookup? lookup)
    {
        if (lookup is null)
        {
            calls.Refuse(get.Call, Refusals.LogUnavailable());
        }
        else if ((lookup.ById ?? lookup.ByKey) is { } row)
        {
            if (row.Outcome.IsCommitted && !work.Clock.IsHealthy)
            {
                // X9: whether it may be told can't be said, perhaps for long; and nothing may pile up meanwhile.
                calls.Refuse(get.Call, Refusals.Unhealthy(work.Clock.Health));
                return;
            }

            endings.WhenTold(row.Outcome, () => calls.AnswerOutcome(get.Call, row.Id, row.Outcome, row.Result));
        }
        else if (get.Id is { } id && id.IssuedAt <= lookup.Mark)
        {
            calls.Refuse(get.Call, Refusals.Expired());
        }
        else
        {
            calls.Answer(get.Call, new CoordinatorAnswer.Undecided());
        }
    }
}
