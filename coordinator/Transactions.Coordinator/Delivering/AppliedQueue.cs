using Transactions.Coordinator.Timing;
using Transactions.Coordinator.Turns;
using Transactions.Model;

namespace Transactions.Coordinator.Delivering;

// D5: notes in the log which writers have applied, many at once, one batch in flight. Nobody waits for it, so batches keep a distance:
// then both writers of a transaction mostly stand in the same one, which updates its row once.
internal sealed class AppliedQueue(Workspace work)
{
    private readonly HashSet<(TransactionId Id, ShardId Shard)> _known = [];
    private readonly Queue<(TransactionId Id, ShardId Shard)> _ready = new();
    private (TransactionId Id, ShardId Shard)[] _inFlight = [];
    private long _batch;
    private long _notBefore = long.MinValue;
    private long _gathersUntil = long.MinValue;

    public int Count => _known.Count;

    // False without room: then the shard must be asked again, and says it again.
    public bool TryAdd(TransactionId id, ShardId shard)
    {
        if (_known.Contains((id, shard)))
        {
            return true;
        }

        if (_known.Count >= work.Options.MaxQueuedDecisions)
        {
            return false;
        }

        _known.Add((id, shard));
        _ready.Enqueue((id, shard));
        return true;
    }

    public void Form()
    {
        bool isGathering = !work.IsStopping && work.Microseconds < _gathersUntil && _ready.Count < work.Options.MaxBatch;
        if (_inFlight.Length > 0 || _ready.Count == 0 || isGathering || work.Microseconds < _notBefore)
        {
            return;
        }

        _gathersUntil = work.After(work.Options.MarkInterval);
        _inFlight = new (TransactionId Id, ShardId Shard)[Math.Min(_ready.Count, work.Options.MaxBatch)];
        for (int i = 0; i < _inFlight.Length; i++)
        {
            _inFlight[i] = _ready.Dequeue();
        }

        // As in D1: two coordinators that mark the same rows mustn't deadlock.
        Array.Sort(_inFlight);
        work.Emit(new CoordinatorEffect.MarkApplied(++_batch, [.. _inFlight]));
    }

    // Calls back for each that is durable now; when the batch failed, all of it is tried again a little later.
    public void OnMarked(long batch, bool succeeded, Action<TransactionId, ShardId> marked)
    {
        if (batch != _batch || _inFlight.Length == 0)
        {
            return;
        }

        (TransactionId Id, ShardId Shard)[] answered = _inFlight;
        _inFlight = [];
        foreach ((TransactionId id, ShardId shard) in answered)
        {
            if (succeeded)
            {
                _known.Remove((id, shard));
                marked(id, shard);
            }
            else
            {
                _ready.Enqueue((id, shard));
                _notBefore = work.After(work.Options.RetryInterval);
            }
        }
    }
}
