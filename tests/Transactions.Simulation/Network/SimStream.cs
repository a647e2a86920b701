using System.Collections.Immutable;
using Transactions.Coordinator;
using Transactions.Model;

namespace Transactions.Simulation;

/// <summary>One duplex stream from a participant to a coordinator: in order each way, until it breaks and loses all in flight.</summary>
internal sealed class SimStream
{
    private readonly World _world;
    private readonly SimNetwork _network;
    private readonly SimParticipant _participant;
    private readonly SimCoordinator _coordinator;
    private readonly int _participantLife;
    private readonly int _coordinatorLife;
    private long _nextAtCoordinator;
    private long _nextAtParticipant;
    private bool _isGreeted;

    private SimStream(World world, SimNetwork network, SimParticipant participant, SimCoordinator coordinator)
    {
        (_world, _network, _participant, _coordinator) = (world, network, participant, coordinator);
        (_participantLife, _coordinatorLife) = (participant.Life, coordinator.Life);
    }

    public LinkId Link { get; private set; }

    /// <summary>The coordinator in the life that said Hello.</summary>
    public CoordinatorId Coordinator { get; private set; }

    public SimCoordinator CoordinatorProcess => _coordinator;

    public SimParticipant Participant => _participant;

    public bool IsBroken { get; private set; }

    private bool IsParticipantThere => _participant.IsUp && _participant.Life == _participantLife;

    private bool IsCoordinatorThere => _coordinator.IsUp && _coordinator.Life == _coordinatorLife;

    /// <summary>Dials: Hello goes there and back. Where that fails, the participant dials again.</summary>
    public static SimStream Dial(World world, SimNetwork network, SimParticipant participant, SimCoordinator coordinator)
    {
        SimStream stream = new(world, network, participant, coordinator);
        ImmutableArray<ShardGeneration> told = participant.Owned;
        stream.ToCoordinator(() =>
        {
            stream.Link = coordinator.Accept(stream, told);
            stream.Coordinator = coordinator.Id;
            stream.ToParticipant(() =>
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

    public void Send(ShardFrame frame) => ToCoordinator(() => _coordinator.Receive(Link, frame), mayDouble: true);

    public void SendOwn(ShardGeneration owner) => ToCoordinator(() => _coordinator.Own(this, owner));

    public void SendDisown(ShardGeneration owner) => ToCoordinator(() => _coordinator.Disown(this, owner));

    public void Send(ShardId shard, CoordinatorFrame frame) =>
        ToParticipant(() => _participant.Receive(Coordinator, shard, frame), mayDouble: true);

    /// <summary>Breaks: what is in flight is lost, and each side hears of it a little later.</summary>
    public void Break()
    {
        if (IsBroken)
        {
            return;
        }

        IsBroken = true;
        _world.After(_network.Delay(), () =>
        {
            if (IsCoordinatorThere)
            {
                _coordinator.Lost(this);
            }
        });
        _world.After(_network.Delay(), () =>
        {
            if (IsParticipantThere)
            {
                _participant.Lost(this, _isGreeted);
            }
        });
    }

    private void ToCoordinator(Action arrive, bool mayDouble = false)
    {
        _nextAtCoordinator = Math.Max(_world.Now + _network.Delay(), _nextAtCoordinator);
        Deliver(_nextAtCoordinator, arrive, () => IsCoordinatorThere, mayDouble);
    }

    private void ToParticipant(Action arrive, bool mayDouble = false)
    {
        _nextAtParticipant = Math.Max(_world.Now + _network.Delay(), _nextAtParticipant);
        Deliver(_nextAtParticipant, arrive, () => IsParticipantThere, mayDouble);
    }

    private void Deliver(long at, Action arrive, Func<bool> isThere, bool mayDouble)
    {
        _world.After(at - _world.Now, () =>
        {
            if (IsBroken || !isThere())
            {
                // Nobody there: the connection is reset.
                _world.Counters.Add(Path.LostFrames);
                Break();
                return;
            }

            arrive();
        });
        if (mayDouble && _network.DoublesAFrame())
        {
            // Section 7: every message may come twice, late, or out of order. A copy may outlive its stream, not its reader.
            _world.Counters.Add(Path.DuplicatedFrames);
            _world.After(at - _world.Now + _network.Echo(), () =>
            {
                if (isThere())
                {
                    arrive();
                }
            });
        }
    }
}
