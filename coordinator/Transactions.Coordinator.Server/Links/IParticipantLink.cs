using Transactions.Model;

namespace Transactions.Coordinator.Server;

/// <summary>A way to one participant: a stream, or the participant itself where it runs in this process.</summary>
/// <remarks>Thread-safe.</remarks>
public interface IParticipantLink
{
    /// <summary>Hands over a frame for one of the participant's shards. Neither waits nor throws.</summary>
    /// <remarks>A link that can't keep up breaks itself: what was on it is unknown, and the protocol asks again.</remarks>
    void Send(ShardId shard, CoordinatorFrame frame);

    /// <summary>Ends the link after what was handed over, because the coordinator stops.</summary>
    void Close();
}
