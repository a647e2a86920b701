namespace Transactions.Participant;

/// <summary>The locks in one collection: by key, and on ranges.</summary>
internal sealed class CollectionLocks
{
    public Dictionary<string, KeyLocks> Keys { get; } = new(StringComparer.Ordinal);

    public List<LockRequest> RangeHolders { get; } = [];

    public List<LockRequest> RangeWaiters { get; } = [];

    public bool HasNoRanges => RangeHolders.Count == 0 && RangeWaiters.Count == 0;

    public bool IsEmpty => Keys.Count == 0 && RangeHolders.Count == 0 && RangeWaiters.Count == 0;

    public KeyLocks OnKey(string key)
    {
        if (!Keys.TryGetValue(key, out KeyLocks? locks))
        {
            locks = new KeyLocks();
            Keys.Add(key, locks);
        }

        return locks;
    }

    /// <summary>All that <paramref name="request"/> would have to wait for: conflicting holders, and conflicting waiters before it.</summary>
    public IEnumerable<LockRequest> Blockers(LockRequest request)
    {
        if (request.Mode == LockMode.Range)
        {
            // Linear in the keys locked, which are few beside the keys stored.
            foreach (KeyLocks locks in Keys.Values)
            {
                foreach (LockRequest blocker in Conflicting(locks.Holders, locks.Waiters, request))
                {
                    yield return blocker;
                }
            }

            yield break;
        }

        if (Keys.TryGetValue(request.Record.Key, out KeyLocks? onKey))
        {
            foreach (LockRequest blocker in Conflicting(onKey.Holders, onKey.Waiters, request))
            {
                yield return blocker;
            }
        }

        if (request.Mode == LockMode.Exclusive)
        {
            foreach (LockRequest blocker in Conflicting(RangeHolders, RangeWaiters, request))
            {
                yield return blocker;
            }
        }
    }

    /// <summary>Those that wait behind <paramref name="request"/> and conflict with it.</summary>
    public IEnumerable<LockRequest> WaitersBehind(LockRequest request)
    {
        foreach (KeyLocks locks in request.Mode == LockMode.Range ? Keys.Values : OnlyKey(request.Record.Key))
        {
            foreach (LockRequest waiter in Behind(locks.Waiters, request))
            {
                yield return waiter;
            }
        }

        foreach (LockRequest waiter in Behind(RangeWaiters, request))
        {
            yield return waiter;
        }
    }

    private IEnumerable<KeyLocks> OnlyKey(string key) => Keys.TryGetValue(key, out KeyLocks? locks) ? [locks] : [];

    private static IEnumerable<LockRequest> Behind(List<LockRequest> waiters, LockRequest request)
    {
        foreach (LockRequest waiter in waiters)
        {
            if (waiter != request && (request.IsGranted || request.GoesBefore(waiter)) && waiter.ConflictsWith(request))
            {
                yield return waiter;
            }
        }
    }

    private static IEnumerable<LockRequest> Conflicting(List<LockRequest> holders, List<LockRequest> waiters, LockRequest request)
    {
        foreach (LockRequest holder in holders)
        {
            if (holder.ConflictsWith(request))
            {
                yield return holder;
            }
        }

        foreach (LockRequest waiter in waiters)
        {
            if (waiter != request && waiter.GoesBefore(request) && waiter.ConflictsWith(request))
            {
                yield return waiter;
            }
        }
    }
}
