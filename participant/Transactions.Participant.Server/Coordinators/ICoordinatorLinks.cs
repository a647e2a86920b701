using Transactions.Model;

namespace Transactions.Participant.Server;

/// <summary>This participant's streams to all coordinators.</summary>
internal interface ICoordinatorLinks
{
    /// <summary>Sends a frame; dropped when that coordinator, in that incarnation, isn't connected.</summary>
    void Send(CoordinatorId to, ShardFrame frame);

    /// <summary>Tells every coordinator that this process owns a shard.</summary>
    void Own(ShardDriver shard, ShardGeneration owner);

    /// <summary>Tells every coordinator that this process owns a shard no more.</summary>
    void Disown(ShardGeneration owner);
}
