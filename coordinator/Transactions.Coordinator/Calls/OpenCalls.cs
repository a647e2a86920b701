using System.Diagnostics.CodeAnalysis;
using NodaTime;
using Transactions.Coordinator.Timing;
using Transactions.Coordinator.Turns;
using Transactions.Model;

namespace Transactions.Coordinator.Calls;

// The calls that wait for an answer. Each is answered once at most, and not at all when its client went away.
internal sealed class OpenCalls(Workspace work)
{
    private readonly HashSet<CallId> _open = [];
    private readonly DueQueue<long, (CallId Call, Refusal Refusal)> _expiries = new();

    public int Count => _open.Count;

    [SuppressMessage("Style", "IDE0058", Justification = "The invariant is the result.")]
    public void Open(CallId call) => Invariant.Holds(_open.Add(call), "a call's id is used once");

    public bool IsOpen(CallId call) => _open.Contains(call);

    public void Cancel(CallId call) => _open.Remove(call);

    public void Answer(CallId call, CoordinatorAnswer answer)
    {
        if (_open.Remove(call))
        {
            work.Emit(new CoordinatorEffect.Answer(call, answer));
        }
    }

    public void Refuse(CallId call, Refusal refusal) => Answer(call, new CoordinatorAnswer.Refused(refusal));

    // A transaction without row below the mark has no outcome that could be told (D5).
    public void AnswerOutcome(CallId call, TransactionId id, Outcome outcome, ReadOnlyMemory<byte>? result)
    {
        if (outcome.Reason == AbortReason.Expired)
        {
            Refuse(call, Refusals.Expired());
            return;
        }

        Answer(call, new CoordinatorAnswer.Ended(id, outcome, result));
    }

    // Ends the waiting after a while, never the transaction.
    public void RefuseAfter(CallId call, Duration wait, Refusal refusal) => _expiries.Add(work.After(wait), (call, refusal));

    public void OnTime()
    {
        while (_expiries.TryTake(work.Microseconds, out (CallId Call, Refusal Refusal) expired))
        {
            Refuse(expired.Call, expired.Refusal);
        }
    }
}
