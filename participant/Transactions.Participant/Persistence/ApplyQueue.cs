using Transactions.Clocks;
using Transactions.Model;

namespace Transactions.Participant;

/// <summary>Ended transactions whose intents become versions, or go, in PostgreSQL: one batch at a time (X10).</summary>
internal sealed class ApplyQueue(ShardCore core, ShardLease lease)
{
    private readonly LinkedList<ShardTransaction> _waiting = new();
    private List<ShardTransaction> _underWay = [];
    private long _batch;
    private long _retryAt;

    /// <summary>PostgreSQL has acknowledged it.</summary>
    public required Action<ShardTransaction> Applied { get; init; }

    public bool IsUnderWay => _underWay.Count > 0;

    public bool IsIdle => _waiting.Count == 0 && !IsUnderWay && Doubtful.Count == 0;

    /// <summary>Transactions whose batch got no clear answer (L6).</summary>
    public List<ShardTransaction> Doubtful { get; } = [];

    /// <summary>Queues a transaction whose status is applying or dropping.</summary>
    public void Enqueue(ShardTransaction transaction) => _waiting.AddLast(transaction);

    public void Requeue(IEnumerable<ShardTransaction> transactions)
    {
        foreach (ShardTransaction transaction in transactions.Reverse())
        {
            _waiting.AddFirst(transaction);
        }
    }

    /// <summary>Sends the next batch, if none is under way. Not called while anything is in doubt.</summary>
    public void SendNext()
    {
        if (!lease.IsOwner || IsUnderWay || _waiting.Count == 0 || core.NowMicroseconds < _retryAt)
        {
            return;
        }

        long bytes = 0;
        while (_waiting.First is { } next && _underWay.Count < core.Options.MaxBatch)
        {
            // One that is larger than a batch may be goes alone.
            ShardTransaction transaction = next.Value;
            if (_underWay.Count > 0
                && (GoesAlone(_underWay[0]) || GoesAlone(transaction) || bytes + transaction.WriteBytes > core.Options.MaxBatchBytes))
            {
                break;
            }

            _waiting.RemoveFirst();
            _underWay.Add(transaction);
            bytes += transaction.WriteBytes;
        }

        _batch = core.NextRequest();
        core.Emit(new ShardEffect.Apply(_batch, lease.Fence, [.. _underWay.Select(ToItem)]));
    }

    public void Handle(ShardEvent.Applied e)
    {
        if (e.Batch != _batch || !IsUnderWay)
        {
            return;
        }

        List<ShardTransaction> transactions = _underWay;
        _underWay = [];
        switch (e.Result)
        {
            case WriteResult.Committed:
                transactions.ForEach(Applied);
                break;

            case WriteResult.RolledBack:
                core.Notify(new ShardNotice.StorageFailing($"applying {transactions.Count} transactions", "tried again"));
                _retryAt = core.NowMicroseconds + (core.Options.RetryInterval.BclCompatibleTicks / 10);
                RetryLater(transactions);
                break;

            case WriteResult.Ambiguous:
                core.Notify(new ShardNotice.Ambiguity(transactions.Count, "applying"));
                Doubtful.AddRange(transactions);
                break;

            case WriteResult.Fenced:
                lease.Lose();
                break;

            default:
                throw new InvalidOperationException($"A batch can't end as {e.Result}.");
        }
    }

    public void Clear()
    {
        _waiting.Clear();
        _underWay = [];
        _retryAt = 0;
        Doubtful.Clear();
    }

    // As X7's batches: what failed together is tried together once more, then singly; and what fails alone lets the others go
    // before it. Their order is free: versions are merged by timestamp, and nothing that an unapplied one hides is pruned.
    private void RetryLater(List<ShardTransaction> transactions)
    {
        bool wasAlone = transactions is [var only] && GoesAlone(only);
        transactions.ForEach(transaction => transaction.FailedApplies++);
        if (wasAlone)
        {
            Enqueue(transactions[0]);
        }
        else
        {
            Requeue(transactions);
        }
    }

    private static bool GoesAlone(ShardTransaction transaction) => transaction.FailedApplies > 1;

    private static ApplyItem ToItem(ShardTransaction transaction)
    {
        Outcome outcome = transaction.Outcome!.Value;
        return new(transaction.Id, outcome.IsCommitted ? outcome.CommitTimestamp : null);
    }
}
