using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using Transactions.Coordinator.Owners;
using Transactions.Coordinator.Timing;
using Transactions.Coordinator.Turns;
using Transactions.Model;

namespace Transactions.Coordinator.Delivering;

// X10, D5: says a commit to its writers again and again until the log knows that each has applied it.
internal sealed class OutcomeDelivery(Workspace work, ShardDirectory directory, AppliedQueue applied)
{
    // After so many repeats a person should know: by default, in a quarter of a minute.
    private const int ManyRepeats = 4;

    private readonly Dictionary<TransactionId, Delivery> _deliveries = [];
    private readonly ShardIndex _byShard = new();
    private readonly DueQueue<long, Delivery> _repeats = new();

    private int _own;

    private sealed record Delivery(TransactionId Id, Outcome Outcome, List<ShardId> Unmarked, HashSet<ShardId> Applied, bool IsOwn)
    {
        public int Repeats { get; set; }
    }

    public int Count => _deliveries.Count;

    // Of transactions that were committed here; the others were found in the log.
    public int OwnCount => _own;

    public bool IsTracking(TransactionId id) => _deliveries.ContainsKey(id);

    public bool TryFind(TransactionId id, [NotNullWhen(true)] out Outcome? outcome)
    {
        outcome = _deliveries.TryGetValue(id, out Delivery? delivery) ? delivery.Outcome : null;
        return outcome is not null;
    }

    // The outcome has just been sent to each writer that is connected.
    public void Track(TransactionId id, Outcome outcome, ImmutableArray<ShardGeneration> writers, bool isOwn)
    {
        if (writers.IsEmpty || IsTracking(id))
        {
            return;
        }

        Delivery delivery = new(id, outcome, [.. writers.Select(w => w.Shard)], [], isOwn);
        _deliveries.Add(id, delivery);
        _own += isOwn ? 1 : 0;
        foreach (ShardGeneration writer in writers)
        {
            _byShard.Add(writer.Shard, id);
        }

        _repeats.Add(work.AfterRepeats(0), delivery);
    }

    // Whatever its generation: whoever owns the shard has loaded what was prepared there (L3).
    public void OnConnected(ShardId shard)
    {
        foreach (TransactionId id in _byShard.Of(shard))
        {
            if (_deliveries.TryGetValue(id, out Delivery? delivery))
            {
                directory.Send(shard, new CoordinatorFrame.Ended(id, delivery.Outcome));
            }
        }
    }

    public void OnApplied(TransactionId id, ShardId shard)
    {
        _deliveries.TryGetValue(id, out Delivery? delivery);
        if (delivery is not null && !delivery.Unmarked.Contains(shard))
        {
            return;
        }

        // Not held: another coordinator's, or from before this one started. The log knows whether it is a writer.
        if (applied.TryAdd(id, shard) && delivery is not null)
        {
            // From here on its mark is on the way, and it needn't be asked again.
            delivery.Applied.Add(shard);
            _byShard.Remove(shard, id);
        }
    }

    public void OnMarked(TransactionId id, ShardId shard)
    {
        if (_deliveries.TryGetValue(id, out Delivery? delivery) && delivery.Unmarked.Remove(shard) && delivery.Unmarked.Count == 0)
        {
            _deliveries.Remove(id);
            _own -= delivery.IsOwn ? 1 : 0;
        }
    }

    public void OnTime()
    {
        while (_repeats.TryTake(work.Microseconds, out Delivery? due))
        {
            // Unless it is over; the same transaction may be delivered anew.
            if (ReferenceEquals(_deliveries.GetValueOrDefault(due.Id), due))
            {
                Repeat(due);
                _repeats.Add(work.AfterRepeats(due.Repeats), due);
            }
        }
    }

    private void Repeat(Delivery delivery)
    {
        delivery.Repeats++;
        foreach (ShardId shard in delivery.Unmarked.Where(s => !delivery.Applied.Contains(s)))
        {
            directory.Send(shard, new CoordinatorFrame.Ended(delivery.Id, delivery.Outcome));
            if (delivery.Repeats == ManyRepeats)
            {
                work.Notify(new CoordinatorNotice.OutcomeUndelivered(delivery.Id, shard));
            }
        }
    }
}
