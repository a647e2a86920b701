using System.Collections.Concurrent;
using Transactions.Model;

namespace Transactions.Coordinator.Server.Driving;

// The callers that wait for the machine's answers, and what they have queued for it: each has a place until the machine is done
// with its call, also when it has stopped waiting, so that a flood of calls can't outgrow the machine's own limits.
internal sealed class PendingCalls(int most)
{
    private readonly ConcurrentDictionary<CallId, PendingCall> _pending = new();
    private long _last;
    private int _taken;
    private volatile CoordinatorAnswer.Refused? _closed;

    public int Count => Volatile.Read(ref _taken);

    public CallId NextId() => new(Interlocked.Increment(ref _last));

    // False when every place is taken: the machine must not hear of it.
    public bool TryAdd(PendingCall call)
    {
        if (Interlocked.Increment(ref _taken) > most)
        {
            Interlocked.Decrement(ref _taken);
            return false;
        }

        _pending[call.Id] = call;

        // Closed before or after the line above: either way somebody answers it.
        if (_closed is { } refused)
        {
            Answer(call.Id, refused);
        }

        return true;
    }

    public void Answer(CallId id, CoordinatorAnswer answer)
    {
        if (Take(id) is { } call)
        {
            call.TrySetResult(answer);
        }
    }

    // The machine forgot it, since nobody waits.
    public void Forget(CallId id) => Take(id);

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

    private PendingCall? Take(CallId id)
    {
        if (!_pending.TryRemove(id, out PendingCall? call))
        {
            return null;
        }

        Interlocked.Decrement(ref _taken);
        return call;
    }
}
