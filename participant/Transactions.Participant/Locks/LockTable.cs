using Transactions.Model;

namespace Transactions.Participant;

/// <summary>Strict two-phase locks on keys and ranges, with wound-wait and first-come queues (X4). Lives in memory only.</summary>
/// <remarks>
/// <para>Nobody waits behind a younger, unprepared, conflicting holder or waiter. So every wait goes from younger to older, or
/// ends at a prepared transaction, which needs no lock: there is no deadlock. Not thread-safe: one shard, one loop.</para>
/// <para>Wounding at the enqueue alone keeps that so. An enqueue wounds all younger ones that the request would wait behind, and
/// an upgrade that would go before an older waiter. After that only three things happen. Something goes, or a range shrinks, or
/// a transaction prepares: nobody waits behind more than before. A waiter is granted: that needs that no conflicting one is
/// before it, so those that conflict with the new holder were behind the waiter already, and none of them was older. A held
/// lock is strengthened: as for the waiter that it is strengthened for, whose conflicts are the same. While an enqueue wounds
/// one blocker after the other, what a victim frees may be granted to another blocker of the same request, which is still to
/// be wounded. <see cref="CheckGrants"/> and <see cref="CheckPlace"/> look after each step whether all this is true.</para>
/// </remarks>
internal sealed class LockTable
{
    private readonly Dictionary<string, CollectionLocks> _collections = new(StringComparer.Ordinal);
    private readonly Queue<LockRequest> _granted = new();
    private readonly List<LockRequest> _newHolders = [];
    private int _depth;
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
        CheckGrants();
    }

    /// <summary>Takes all that a transaction holds or waits for away from it, and serves those who waited.</summary>
    public void ReleaseAll(ShardTransaction transaction)
    {
        _depth++;
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

        _depth--;
        CheckGrants();
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

        _depth++;
        foreach (LockRequest blocker in collection.Blockers(request).ToList())
        {
            if (IsToBeWounded(blocker, request) && Wounds())
            {
                Wound(blocker.Transaction, request.Transaction, request);
            }
        }

        if (!request.IsGranted)
        {
            Settle(collection, request);
        }

        _depth--;
        CheckPlace(collection, request);
        CheckGrants();
        return request;
    }

    private static bool IsToBeWounded(LockRequest blocker, LockRequest asker) =>
        blocker.Transaction.CanBeWounded && asker.Transaction.Precedence.IsOlderThan(blocker.Transaction.Precedence);

    private void CheckPlace(CollectionLocks collection, LockRequest request)
    {
        if (request.IsGranted)
        {
            return;
        }

        foreach (LockRequest blocker in collection.Blockers(request))
        {
            Invariant.Holds(!IsToBeWounded(blocker, request), "X4: nobody is queued behind a younger one that can be wounded");
        }
    }

    // When all of a step is done: a victim's locks may be granted to the next victim.
    private void CheckGrants()
    {
        if (_depth > 0)
        {
            return;
        }

        foreach (LockRequest holder in _newHolders)
        {
            if (holder.Transaction.CanBeWounded
                && _collections.TryGetValue(holder.Mode == LockMode.Range ? holder.Range.Collection : holder.Record.Collection, out CollectionLocks? collection))
            {
                Invariant.Holds(
                    FindOlder(collection.WaitersBehind(holder), holder.Transaction) is null,
                    "X4: nothing is granted to a younger one than those that wait for it");
            }
        }

        _newHolders.Clear();
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

            Grant(first, held ?? first);
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
                Grant(request, holder: request);
            }
        }
    }

    private void Grant(LockRequest request, LockRequest holder)
    {
        request.IsGranted = true;
        holder.IsGranted = true;
        _granted.Enqueue(request);
        _newHolders.Add(holder);
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
