using Transactions.Clocks;
using Transactions.Model;
using Transactions.Participant;

namespace Transactions.Simulation;

/// <summary>Drives one shard's machine in one process, which may be its owner or wait to become that.</summary>
internal sealed class SimShard
{
    private static readonly ShardEvent TimePassed = new ShardEvent.TimePassed();

    private readonly SimParticipant _process;
    private readonly SimCluster _cluster;
    private readonly Dictionary<CallId, ShardCall> _calls = [];
    private ShardMachine _machine;
    private SimLoop<ShardEvent, ShardEffect> _loop;
    private SimShardStore _store;
    private long _lastCall;

    public SimShard(SimParticipant process, ShardId id, SimCluster cluster)
    {
        (_process, _cluster, Id) = (process, cluster, id);
        Name = $"{process.Name}:{id}";
        (_machine, _loop, _store) = Make();
    }

    public ShardId Id { get; }

    public string Name { get; }

    public SimParticipant Process => _process;

    public ShardMachine Machine => _machine;

    /// <summary>Counts the machines of this shard in this process.</summary>
    public int Life => _process.Life;

    /// <summary>What the coordinators are told that this process owns.</summary>
    public ShardGeneration? Owned { get; private set; }

    public bool HasStopped { get; private set; }

    private World World => _process.World;

    public void Start()
    {
        (_machine, _loop, _store) = Make();
        HasStopped = false;
        _loop.Start();
    }

    public void Forget()
    {
        Owned = null;
        _calls.Clear();
    }

    public void RequestStop() => Post(new ShardEvent.StopRequested());

    public void Connected(CoordinatorId coordinator) => Post(new ShardEvent.CoordinatorConnected(coordinator));

    public void Lost(CoordinatorId coordinator) => Post(new ShardEvent.CoordinatorLost(coordinator));

    public void Receive(CoordinatorId from, CoordinatorFrame frame) => Post(new ShardEvent.FrameReceived(from, frame));

    /// <summary>An operation comes in; gives back what cancels it.</summary>
    public Action Operate(TransactionContext context, OperationNumber number, Operation operation, Action<ShardAnswer> reply) =>
        Call(new ShardCall(context.Id, number, operation, null, reply), call => new ShardEvent.OperationReceived(call, context, number, operation));

    /// <summary>A snapshot read comes in; gives back what cancels it.</summary>
    public Action Read(Timestamp? at, SnapshotQuery query, Action<ShardAnswer> reply) =>
        Call(new ShardCall(null, default, null, query, reply), call => new ShardEvent.SnapshotReadReceived(call, at, query));

    private Action Call(ShardCall made, Func<CallId, ShardEvent> toEvent)
    {
        CallId call = new(++_lastCall);
        _calls.Add(call, made);
        Post(toEvent(call));
        return () =>
        {
            if (_calls.Remove(call))
            {
                Post(new ShardEvent.CallCancelled(call));
            }
        };
    }

    private (ShardMachine, SimLoop<ShardEvent, ShardEffect>, SimShardStore) Make()
    {
        ShardMachine machine = new(Id, _process.Name, World.Scenario.Limits, World.Scenario.ShardOptions)
        {
            Mutation = World.Scenario.Mutant.Participant,
        };
        SimLoop<ShardEvent, ShardEffect> loop = new(
            _process, (e, clock) => Handle(machine, e, clock), machine.TakeEffects, Start, static () => TimePassed);
        return (machine, loop, new SimShardStore(_process, Id, _cluster, Post));
    }

    private void Post(ShardEvent e) => _loop.Post(e);

    private void Handle(ShardMachine machine, ShardEvent e, ClockReading clock)
    {
        if (e is not (ShardEvent.TimePassed or ShardEvent.VersionsRead))
        {
            World.Note(Name, "<-", e);
        }

        World.Observer.ShardHandles(this, e, clock);
        machine.Handle(e, clock);
    }

    private void Start(ShardEffect effect)
    {
        if (effect is not (ShardEffect.WakeWhenPast or ShardEffect.ReadVersions or ShardEffect.Renew))
        {
            World.Note(Name, "->", effect);
        }

        switch (effect)
        {
            case ShardEffect.Answer answer:
                if (_calls.Remove(answer.Call, out ShardCall? call))
                {
                    World.Observer.ShardAnswers(this, call, answer.Reply);
                    call.Reply(answer.Reply);
                }

                break;
            case ShardEffect.Send send:
                World.Observer.ShardSends(this, send.Frame);
                _process.Send(send.To, send.Frame);
                break;
            case ShardEffect.WakeWhenPast wake:
                _loop.WakeWhenPast(wake.Timestamp);
                break;
            case ShardEffect.Own own:
                Owned = own.Owner;
                _process.Own(own.Owner);
                _cluster.OwnerServes(this);
                break;
            case ShardEffect.Disown disown:
                Owned = Owned == disown.Owner ? null : Owned;
                _process.Disown(disown.Owner);
                break;
            case ShardEffect.Stopped:
                HasStopped = true;
                break;
            case ShardEffect.Notify notify:
                World.Observer.ShardSays(this, notify.Notice);
                break;
            default:
                _store.Start(effect);
                break;
        }
    }
}
