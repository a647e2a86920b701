using Transactions.Coordinator.Turns;
using Transactions.Model;

namespace Transactions.Coordinator.InDoubt;

// D3: the shards that wait for word while the log, or the clock, keeps it back. A shard asks again and again meanwhile, perhaps
// on another stream or in another generation: it is kept once for each transaction, with where it asked last.
internal sealed class Askers(Workspace work)
{
    private readonly Dictionary<TransactionId, SortedDictionary<ShardId, LinkId>> _waiting = [];

    public int Count => _waiting.Count;

    // Whether one more transaction's shards may wait.
    public bool HasRoom => _waiting.Count < work.Options.MaxQueuedDecisions;

    public bool IsAwaited(TransactionId id) => _waiting.ContainsKey(id);

    // False without room: it hears nothing and asks again. No transaction names more shards than MaxShards.
    public bool TryAdd(TransactionId id, ShardId shard, LinkId link)
    {
        if (!_waiting.TryGetValue(id, out SortedDictionary<ShardId, LinkId>? shards))
        {
            if (!HasRoom)
            {
                return false;
            }

            _waiting[id] = shards = [];
        }

        if (shards.Count >= work.Options.MaxShards && !shards.ContainsKey(shard))
        {
            return false;
        }

        shards[shard] = link;
        return true;
    }

    // All that wait for a transaction; nobody waits for it after this.
    public IReadOnlyCollection<KeyValuePair<ShardId, LinkId>> Take(TransactionId id) =>
        _waiting.Remove(id, out SortedDictionary<ShardId, LinkId>? shards) ? shards : [];
}
