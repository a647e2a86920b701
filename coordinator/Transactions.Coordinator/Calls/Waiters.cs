using Transactions.Model;

namespace Transactions.Coordinator.Calls;

// The calls that wait for one transaction's end: repeats of Commit, a Resolve, an Abort.
internal sealed class Waiters(OpenCalls calls)
{
    // A client repeats one call at a time; more than this is a fault of the client's.
    public const int Most = 64;

    private readonly List<CallId> _calls = [];

    public IReadOnlyList<CallId> Calls => _calls;

    public bool IsAnyOpen => _calls.Exists(calls.IsOpen);

    // False, with the call refused, when too many wait already.
    public bool TryJoin(CallId call)
    {
        if (_calls.Count == Most)
        {
            _calls.RemoveAll(c => !calls.IsOpen(c));
        }

        if (_calls.Count == Most)
        {
            calls.Refuse(call, Refusals.TooManyWait(Most));
            return false;
        }

        _calls.Add(call);
        return true;
    }

    public void AnswerOutcome(TransactionId id, Outcome outcome, ReadOnlyMemory<byte>? result)
    {
        foreach (CallId call in _calls)
        {
            calls.AnswerOutcome(call, id, outcome, result);
        }

        _calls.Clear();
    }

    public void Refuse(Refusal refusal)
    {
        foreach (CallId call in _calls)
        {
            calls.Refuse(call, refusal);
        }

        _calls.Clear();
    }
}
