using Transactions.Model;

namespace Transactions.Participant;

/// <summary>Strict two-phase locks on keys and ranges, with wound-wait and first-come queues (X4). Lives in memory only.</summary>
/// <remarks>
/// Nobody waits behind a younger, unprepared, conflicting holder or waiter: that is looked at when a request is queued and
/// when one is granted. So every wait goes from younger to older, or ends at a prepared transaction, which needs no lock:
/// there is no deadlock. Not thread-safe: one shard, one loop.
/// </remarks>
internal sealed class LockTable
{
    private readonly Dictionary<string, CollectionLocks> _collections = new(StringComparer.Ordinal);
    private readonly Queue<LockRequest> _granted = new();
    private long _arrivals;

    /// <summary>Whom to abort, for whom, over which lock. Called at most once for a victim; it must release the victim's locks.</summary>
    public required Action<ShardTransaction, ShardTransaction, LockRequest> Wound { get; init; }

    /// <summary>X4; false for a mutant only.</summary>
    public Func<bool> Wounds { get; init; } = static () => true;

    /// <summary>Whether nothing is held and nobody waits.</summary>
    public bool IsEmpty => _collections.Count == 0;

    /// <summary>The requests granted since the last call that had to wait, in the order they were granted.</summary>
    public bool TryTakeGranted(out LockRequest? granted) => _granted.TryDequeue(out granted);

    /// <summary>Asks for a key. Null when the transaction holds it already; else the request, granted or waiting.</summary>
    public LockRequest? LockKey(ShardTransaction transaction, LockMode mode, RecordKey record, PendingOperation operation)
    {
        CollectionLocks collection = In(record.Collection);
        LockRequest? held = collection.Keys.GetValueOrDefault(record.Key)?.HeldBy(transaction);
        if (held is not null && (held.Mode == LockMode.Exclusive || mode == LockMode.Shared))
        {
            return null;
        }

        LockRequest request = LockRequest.ForKey(transaction, mode, record, operation);
        request.IsUpgrade = held is not null;
        KeyLocks locks = collection.OnKey(record.Key);
        return locks.IsEmpty && collection.HasNoRanges ? TakeFree(locks, request) : Enqueue(collection, locks.Waiters, request);
    }

    /// <summary>Asks for a range.</summary>
    public LockRequest LockRange(ShardTransaction transaction, KeyRange range, PendingOperation operation)
    {
        CollectionLocks collection = In(range.Collection);
        return Enqueue(collection, collection.RangeWaiters, LockRequest.ForRange(transaction, range, operation));
    }

    /// <summary>Gives a prepared transaction found at takeover its keys, whoever else has them: several may be prepared on one.</summary>
    public void GrantRecovered(ShardTransaction transaction, RecordKey record)
    {
        LockRequest request = LockRequest.ForKey(transaction, LockMode.Exclusive, record, operation: null);
        request.Arrival = ++_arrivals;
        request.IsGranted = true;
        transaction.Locks.Add(request);
        In(record.Collection).OnKey(record.Key).Holders.Add(request);
    }

    /// <summary>Gives up the part of a held range that the scan didn't reach.</summary>
    public void ShrinkRange(LockRequest request, KeyRange range)
    {
        CollectionLocks collection = In(request.Range.Collection);
        request.ShrinkTo(range);
        SettleAllKeys(collection);
    }

    /// <summary>Takes all that a transaction holds or waits for away from it, and serves those who waited.</summary>
    public void ReleaseAll(ShardTransaction transaction)
    {
        List<LockRequest> released = [.. transaction.Locks];
        transaction.Locks.Clear();
        foreach (LockRequest request in released)
        {
            Remove(request);
        }

        foreach (LockRequest request in released)
        {
            SettleAfter(request);
        }
    }

    // The usual case: nobody is there to wait for, to wound, or to be looked at.
    private LockRequest TakeFree(KeyLocks locks, LockRequest request)
    {
        request.Arrival = ++_arrivals;
        request.IsGranted = true;
        request.Transaction.Locks.Add(request);
        locks.Holders.Add(request);
        _granted.Enqueue(request);
        return request;
    }

    private LockRequest Enqueue(CollectionLocks collection, List<LockRequest> waiters, LockRequest request)
    {
        request.Arrival = ++_arrivals;
        int place = waiters.FindIndex(request.GoesBefore);
        waiters.Insert(place < 0 ? waiters.Count : place, request);
        request.Transaction.Locks.Add(request);

        // X4, at the enqueue: an older waiter that an upgrade passed must not wait behind it.
        if (request.IsUpgrade && FindOlder(collection.WaitersBehind(request), request.Transaction) is { } passed)
        {
            Wound(request.Transaction, passed.Transaction, request);
            return request;
        }

        foreach (LockRequest blocker in collection.Blockers(request).ToList())
        {
            // A wound frees other locks too, which may cost the asker its own life: then nobody is in its way.
            if (!request.Transaction.CanBeWounded)
            {
                return request;
            }

            if (blocker.Transaction.CanBeWounded
                && request.Transaction.Precedence.IsOlderThan(blocker.Transaction.Precedence)
                && Wounds())
            {
                Wound(blocker.Transaction, request.Transaction, request);
            }
        }

        if (!request.IsGranted && request.Transaction.CanBeWounded)
        {
            Settle(collection, request);
        }

        return request;
    }

    private static LockRequest? FindOlder(IEnumerable<LockRequest> requests, ShardTransaction than)
    {
        foreach (LockRequest request in requests)
        {
            if (request.Transaction.Precedence.IsOlderThan(than.Precedence))
            {
                return request;
            }
        }

        return null;
    }

    private void Settle(CollectionLocks collection, LockRequest request)
    {
        if (request.Mode == LockMode.Range)
        {
            SettleRanges(collection);
        }
        else if (collection.Keys.TryGetValue(request.Record.Key, out KeyLocks? locks))
        {
            SettleKey(collection, locks);
        }
    }

    private void SettleAfter(LockRequest gone)
    {
        string name = gone.Mode == LockMode.Range ? gone.Range.Collection : gone.Record.Collection;
        if (!_collections.TryGetValue(name, out CollectionLocks? collection))
        {
            return;
        }

        if (gone.Mode == LockMode.Range)
        {
            SettleAllKeys(collection);
        }
        else
        {
            Settle(collection, gone);
            if (gone.Mode == LockMode.Exclusive)
            {
                SettleRanges(collection);
            }
        }

        Tidy(name, collection, gone);
    }

    private void SettleAllKeys(CollectionLocks collection)
    {
        foreach (KeyLocks locks in collection.Keys.Values.Where(locks => locks.Waiters.Count > 0).ToList())
        {
            SettleKey(collection, locks);
        }
    }

    // Whoever is behind a waiter that can't be served conflicts with it or with what blocks it.
    private void SettleKey(CollectionLocks collection, KeyLocks locks)
    {
        while (locks.Waiters.Count > 0)
        {
            LockRequest first = locks.Waiters[0];
            if (collection.Blockers(first).Any())
            {
                return;
            }

            locks.Waiters.RemoveAt(0);
            LockRequest? held = locks.HeldBy(first.Transaction);
            if (held is null)
            {
                locks.Holders.Add(first);
            }
            else
            {
                // An upgrade, or a second request of one transaction: one lock of the greater strength remains.
                first.Transaction.Locks.Remove(first);
                if (first.Mode == LockMode.Exclusive)
                {
                    held.Strengthen();
                }
            }

            Grant(collection, first, held ?? first);
            GrantCovered(locks, held ?? first);
        }
    }

    // What else its transaction asked of this key meanwhile: in the queue it would wait behind those that wait for it.
    private void GrantCovered(KeyLocks locks, LockRequest holder)
    {
        foreach (LockRequest covered in locks.Waiters
            .Where(waiter => waiter.Transaction == holder.Transaction && (holder.Mode == LockMode.Exclusive || waiter.Mode == LockMode.Shared))
            .ToList())
        {
            locks.Waiters.Remove(covered);
            covered.Transaction.Locks.Remove(covered);
            covered.IsGranted = true;
            _granted.Enqueue(covered);
        }
    }

    private void SettleRanges(CollectionLocks collection)
    {
        foreach (LockRequest request in collection.RangeWaiters.ToList())
        {
            if (collection.RangeWaiters.Contains(request) && !collection.Blockers(request).Any())
            {
                collection.RangeWaiters.Remove(request);
                collection.RangeHolders.Add(request);
                Grant(collection, request, holder: request);
            }
        }
    }

    private void Grant(CollectionLocks collection, LockRequest request, LockRequest holder)
    {
        request.IsGranted = true;
        holder.IsGranted = true;
        _granted.Enqueue(request);

        // X4, at the grant: an older waiter must not wait behind the new holder.
        if (request.Transaction.CanBeWounded && FindOlder(collection.WaitersBehind(holder), request.Transaction) is { } older)
        {
            Wound(request.Transaction, older.Transaction, request);
        }
    }

    private void Remove(LockRequest request)
    {
        if (request.Mode == LockMode.Range)
        {
            CollectionLocks ranges = In(request.Range.Collection);
            Invariant.Holds(
                (request.IsGranted ? ranges.RangeHolders : ranges.RangeWaiters).Remove(request),
                "X4: a lock that is released was held or waited for");
            return;
        }

        KeyLocks locks = In(request.Record.Collection).OnKey(request.Record.Key);
        Invariant.Holds(
            (request.IsGranted ? locks.Holders : locks.Waiters).Remove(request),
            "X4: a lock that is released was held or waited for");
    }

    private void Tidy(string name, CollectionLocks collection, LockRequest gone)
    {
        if (gone.Mode != LockMode.Range
            && collection.Keys.TryGetValue(gone.Record.Key, out KeyLocks? locks)
            && locks.IsEmpty)
        {
            collection.Keys.Remove(gone.Record.Key);
        }

        if (collection.IsEmpty)
        {
            _collections.Remove(name);
        }
    }

    private CollectionLocks In(string collection)
    {
        if (!_collections.TryGetValue(collection, out CollectionLocks? locks))
        {
            locks = new CollectionLocks();
            _collections.Add(collection, locks);
        }

        return locks;
    }
}
