using Transactions.Client;
using Transactions.Model;

namespace Transactions.Participant.Server;

/// <summary>The shards that this process owns now, without a wire in between.</summary>
internal sealed class LocalShards(ParticipantHost host) : ILocalShards
{
    public IShardConnection? Find(ShardId shard) => host.Find(shard) is { Owned: not null } driver ? new LocalShard(driver) : null;
}
