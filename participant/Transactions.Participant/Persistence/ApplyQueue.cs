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

        while (_waiting.First is { } next && _underWay.Count < core.Options.MaxBatch)
        {
            _waiting.RemoveFirst();
            _underWay.Add(next.Value);
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
                Requeue(transactions);
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

    private static ApplyItem ToItem(ShardTransaction transaction)
    {
        Outcome outcome = transaction.Outcome!.Value;
        return new(transaction.Id, outcome.IsCommitted ? outcome.CommitTimestamp : null);
    }
}
