using System.Collections.Immutable;
using Transactions.Model;

namespace Transactions.Participant;

/// <summary>Clears up after an ambiguous answer (L6): raises the epoch, which fences this owner's own lost writes, then reads.</summary>
internal sealed class Reconciler(ShardCore core, ShardLease lease, PersistQueue persists, ApplyQueue applies)
{
    private long? _request;
    private long _epoch;
    private long _retryAt;

    /// <summary>Whether anything is in doubt.</summary>
    public bool IsNeeded => persists.Doubtful.Count > 0 || applies.Doubtful.Count > 0;

    /// <summary>Starts when something is in doubt and nothing is under way any more; again after a failure.</summary>
    public void SendNext()
    {
        if (!lease.IsOwner || !IsNeeded || _request is not null || persists.IsUnderWay || applies.IsUnderWay
            || core.NowMicroseconds < _retryAt)
        {
            return;
        }

        // One that counts as failed may run yet. Each asks for a higher epoch than those before, so that one that comes after a
        // later one changes nothing, instead of fencing what is written since.
        _epoch = Math.Max(_epoch, lease.Epoch) + 1;
        _request = core.NextRequest();
        ImmutableArray<TransactionId> doubtful =
            [.. persists.Doubtful.Select(job => job.Item.Id).Concat(applies.Doubtful.Select(transaction => transaction.Id)).Distinct()];
        core.Emit(new ShardEffect.Reconcile(_request.Value, lease.Generation, _epoch, doubtful));
    }

    public void Handle(ShardEvent.Reconciled e)
    {
        if (e.Request != _request)
        {
            return;
        }

        _request = null;
        if (e.Result is null)
        {
            _retryAt = core.NowMicroseconds + (core.Options.RetryInterval.BclCompatibleTicks / 10);
        }
        else if (e.Result.Epoch is not { } epoch)
        {
            lease.Lose();
        }
        else
        {
            Invariant.Holds(epoch > lease.Epoch && epoch == _epoch, "L6: reconciling raises the epoch to the one asked for");
            lease.Epoch = epoch;
            Settle(e.Result);
        }
    }

    public void Clear()
    {
        _request = null;
        _epoch = 0;
        _retryAt = 0;
    }

    private void Settle(ReconcileResult result)
    {
        List<PersistJob> jobs = [.. persists.Doubtful];
        List<ShardTransaction> transactions = [.. applies.Doubtful];
        persists.Doubtful.Clear();
        applies.Doubtful.Clear();

        persists.Requeue(jobs.Where(job => !WasWritten(job.Item, result)));
        applies.Requeue(transactions.Where(transaction => result.Prepared.Contains(transaction.Id)));
        foreach (PersistJob job in jobs.Where(job => WasWritten(job.Item, result)))
        {
            job.Persisted(result.Outcomes.TryGetValue(job.Item.Id, out Outcome held) ? held : null);
        }

        foreach (ShardTransaction transaction in transactions.Where(transaction => !result.Prepared.Contains(transaction.Id)))
        {
            applies.Applied(transaction);
        }
    }

    private static bool WasWritten(PersistItem item, ReconcileResult result) => item switch
    {
        PersistItem.Prepare => result.Prepared.Contains(item.Id),
        PersistItem.OnePhase or PersistItem.Tombstone => result.Outcomes.ContainsKey(item.Id),
        _ => throw new InvalidOperationException($"No such item: {item.GetType().Name}."),
    };
}
