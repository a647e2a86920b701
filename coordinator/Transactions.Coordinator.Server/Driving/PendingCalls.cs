using System.Collections.Concurrent;
using Transactions.Model;

namespace Transactions.Coordinator.Server.Driving;

// The callers that wait for the machine's answers.
internal sealed class PendingCalls
{
    private readonly ConcurrentDictionary<CallId, PendingCall> _pending = new();
    private long _last;
    private volatile CoordinatorAnswer.Refused? _closed;

    public CallId NextId() => new(Interlocked.Increment(ref _last));

    public void Add(PendingCall call)
    {
        _pending[call.Id] = call;

        // Closed before or after the line above: either way somebody answers it.
        if (_closed is { } refused)
        {
            Answer(call.Id, refused);
        }
    }

    public bool Remove(CallId id) => _pending.TryRemove(id, out _);

    public void Answer(CallId id, CoordinatorAnswer answer)
    {
        if (_pending.TryRemove(id, out PendingCall? call))
        {
            call.TrySetResult(answer);
        }
    }

    // From now on nobody waits.
    public void Close(Refusal refusal)
    {
        CoordinatorAnswer.Refused refused = new(refusal);
        _closed = refused;
        foreach (CallId id in _pending.Keys)
        {
            Answer(id, refused);
        }
    }
}
