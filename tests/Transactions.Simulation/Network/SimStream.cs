using System.Collections.Immutable;
using Transactions.Coordinator;
using Transactions.Model;

namespace Transactions.Simulation;

/// <summary>One duplex stream from a participant to a coordinator: in order each way, until it breaks and loses what is in flight.</summary>
internal sealed class SimStream
{
    private readonly World _world;
    private readonly SimNetwork _network;
    private readonly SimParticipant _participant;
    private readonly SimCoordinator _coordinator;
    private readonly StreamDirection _toCoordinator;
    private readonly StreamDirection _toParticipant;
    private bool _isGreeted;

    private SimStream(World world, SimNetwork network, SimParticipant participant, SimCoordinator coordinator)
    {
        (_world, _network, _participant, _coordinator) = (world, network, participant, coordinator);
        _toCoordinator = new StreamDirection(world, network, participant, coordinator, Break);
        _toParticipant = new StreamDirection(world, network, coordinator, participant, Break);
    }

    public LinkId Link { get; private set; }

    /// <summary>The coordinator in the life that said Hello.</summary>
    public CoordinatorId Coordinator { get; private set; }

    public SimCoordinator CoordinatorProcess => _coordinator;

    public SimParticipant Participant => _participant;

    public bool IsBroken { get; private set; }

    /// <summary>Dials: Hello goes there and back. Where that fails, the participant dials again.</summary>
    public static SimStream Dial(World world, SimNetwork network, SimParticipant participant, SimCoordinator coordinator)
    {
        SimStream stream = new(world, network, participant, coordinator);
        ImmutableArray<ShardGeneration> told = participant.Owned;
        stream._toCoordinator.Send(() =>
        {
            stream.Link = coordinator.Accept(stream, told);
            stream.Coordinator = coordinator.Id;
            stream._toParticipant.Send(() =>
            {
                stream._isGreeted = true;
                participant.Connected(stream, told);
            });
        });
        if (!coordinator.IsUp)
        {
            stream.Break();
        }

        return stream;
    }

    public void Send(ShardFrame frame) => _toCoordinator.Send(() => _coordinator.Receive(Link, frame), mayDouble: true);

    public void SendOwn(ShardGeneration owner) => _toCoordinator.Send(() => _coordinator.Own(this, owner));

    public void SendDisown(ShardGeneration owner) => _toCoordinator.Send(() => _coordinator.Disown(this, owner));

    public void Send(ShardId shard, CoordinatorFrame frame) =>
        _toParticipant.Send(() => _participant.Receive(Coordinator, shard, frame), mayDouble: true);

    /// <summary>
    /// Breaks: what is in flight is lost, and each side hears of it a little later. What has come as far as the receiver's own
    /// machine, it may still read before it hears.
    /// </summary>
    public void Break()
    {
        if (IsBroken)
        {
            return;
        }

        IsBroken = true;
        _toCoordinator.Break(_network.DeliversAfterBreak());
        _toParticipant.Break(_network.DeliversAfterBreak() && _isGreeted);
        _world.After(_network.Delay(), () =>
        {
            _toCoordinator.Close();
            if (_toCoordinator.IsReceiverThere)
            {
                _coordinator.Lost(this);
            }
        });
        _world.After(_network.Delay(), () =>
        {
            _toParticipant.Close();
            if (_toParticipant.IsReceiverThere)
            {
                _participant.Lost(this, _isGreeted);
            }
        });
    }
}
