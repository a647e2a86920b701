using Transactions.Model;

namespace Transactions.Client;

/// <summary>The shards that this process owns at the moment: a participant registers one of these among its services.</summary>
public interface ILocalShards
{
    /// <summary>The way to a shard in this process; null when it isn't owned here now. Fast, and thread-safe.</summary>
    IShardConnection? Find(ShardId shard);
}
