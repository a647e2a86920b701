using Transactions.Model;

namespace Transactions.Coordinator.Owners;

// Which transactions want something of a shard, so that they hear when its owner connects.
internal sealed class ShardIndex
{
    private readonly Dictionary<ShardId, HashSet<TransactionId>> _byShard = [];

    public void Add(ShardId shard, TransactionId id)
    {
        if (!_byShard.TryGetValue(shard, out HashSet<TransactionId>? ids))
        {
            _byShard[shard] = ids = [];
        }

        ids.Add(id);
    }

    public void Remove(ShardId shard, TransactionId id)
    {
        if (_byShard.TryGetValue(shard, out HashSet<TransactionId>? ids) && ids.Remove(id) && ids.Count == 0)
        {
            _byShard.Remove(shard);
        }
    }

    // Sorted, since effects must not follow the order of a hash table. A copy: handling one changes the index.
    public TransactionId[] Of(ShardId shard)
    {
        if (!_byShard.TryGetValue(shard, out HashSet<TransactionId>? ids))
        {
            return [];
        }

        TransactionId[] sorted = [.. ids];
        Array.Sort(sorted);
        return sorted;
    }
}
