using System.Collections.Immutable;
using Transactions.Clocks;
using Transactions.Coordinator;
using Transactions.Model;

namespace Transactions.Simulation;

/// <summary>A coordinator's process: each start is a new incarnation with an empty memory.</summary>
internal sealed class SimCoordinator : SimProcess
{
    private static readonly CoordinatorEvent TimePassed = new CoordinatorEvent.TimePassed();

    private readonly SimCluster _cluster;
    private readonly Dictionary<LinkId, SimStream> _links = [];
    private readonly Dictionary<CallId, Action<CoordinatorAnswer>> _calls = [];
    private CoordinatorMachine _machine;
    private SimLoop<CoordinatorEvent, CoordinatorEffect> _loop;
    private SimDecisionLog _log;
    private long _lastLink;
    private long _lastCall;

    public SimCoordinator(World world, string name, SimCluster cluster)
        : base(world, name)
    {
        _cluster = cluster;
        (_machine, _loop, _log) = Make();
    }

    public CoordinatorId Id => _machine.Self;

    public CoordinatorMachine Machine => _machine;

    /// <summary>Whether nothing is left that it would have to do.</summary>
    public bool IsQuiet => IsUp && _machine is
        { OpenTransactions: 0, UndeliveredOutcomes: 0, QueuedDecisions: 0, OpenCalls: 0 };

    public bool HasRoom =>
        _machine.OpenTransactions + _machine.UndeliveredOutcomes < World.Scenario.CoordinatorOptions.MaxOpenTransactions;

    public override string ToString() =>
        $"{Name}: {_machine.OpenTransactions} open, {_machine.UndeliveredOutcomes} undelivered, {_machine.QueuedDecisions} queued, "
        + $"{_machine.OpenCalls} calls";

    /// <summary>A call comes in; gives back what cancels it.</summary>
    public Action Call(Func<CallId, CoordinatorEvent> toEvent, Action<CoordinatorAnswer> reply)
    {
        CallId call = new(++_lastCall);
        _calls.Add(call, reply);
        Post(toEvent(call));
        return () =>
        {
            if (_calls.Remove(call))
            {
                Post(new CoordinatorEvent.CallCancelled(call));
            }
        };
    }

    /// <summary>A participant's stream says Hello.</summary>
    public LinkId Accept(SimStream stream, ImmutableArray<ShardGeneration> owned)
    {
        LinkId link = new(++_lastLink);
        _links.Add(link, stream);
        foreach (ShardGeneration owner in owned)
        {
            Post(new CoordinatorEvent.ShardConnected(link, owner, stream.Participant.Name));
        }

        return link;
    }

    public void Own(SimStream stream, ShardGeneration owner) =>
        Post(new CoordinatorEvent.ShardConnected(stream.Link, owner, stream.Participant.Name));

    public void Disown(SimStream stream, ShardGeneration owner) => Post(new CoordinatorEvent.ShardLeft(stream.Link, owner));

    public void Receive(LinkId link, ShardFrame frame) => Post(new CoordinatorEvent.FrameReceived(link, frame));

    public void Lost(SimStream stream)
    {
        if (_links.Remove(stream.Link))
        {
            Post(new CoordinatorEvent.LinkLost(stream.Link));
        }
    }

    /// <summary>Stops as a service is stopped: finishes what is under way, or is killed when that takes too long.</summary>
    public void Stop(long killAfter, long startAfter)
    {
        Post(new CoordinatorEvent.StopRequested());
        int life = Life;
        long killAt = World.Now + killAfter;
        LookAgain();

        void LookAgain() => After(5_000, () =>
        {
            if (Life == life && (_machine.IsDrained || World.Now >= killAt))
            {
                Restart(startAfter);
            }
            else
            {
                LookAgain();
            }
        });
    }

    protected override void OnStart()
    {
        // T5: whoever starts first stores the mode; the others must have the same.
        World.Counters.Add(Path.ModesChecked);
        if (_cluster.Log.EnsureCluster("simulation", World.Scenario.Limits.Mode) is { } stored && stored.Mode != World.Scenario.Limits.Mode)
        {
            World.Fail("T5", $"the log says {stored}");
        }

        (_machine, _loop, _log) = Make();
        _loop.Start();
    }

    protected override void OnCrash()
    {
        SimStream[] streams = [.. _links.Values];
        _links.Clear();
        _calls.Clear();
        foreach (SimStream stream in streams)
        {
            stream.Break();
        }
    }

    private (CoordinatorMachine, SimLoop<CoordinatorEvent, CoordinatorEffect>, SimDecisionLog) Make()
    {
        CoordinatorMachine machine = new(
            new CoordinatorId(Name, new Incarnation(Random.NextLong())), World.Scenario.Limits, World.Scenario.CoordinatorOptions)
        {
            Mutation = World.Scenario.Mutant.Coordinator,
        };
        SimLoop<CoordinatorEvent, CoordinatorEffect> loop = new(
            this, (e, clock) => Handle(machine, e, clock), machine.TakeEffects, Start, static () => TimePassed);
        return (machine, loop, new SimDecisionLog(this, _cluster, Post));
    }

    private void Post(CoordinatorEvent e) => _loop.Post(e);

    private void Handle(CoordinatorMachine machine, CoordinatorEvent e, ClockReading clock)
    {
        if (e is not CoordinatorEvent.TimePassed)
        {
            World.Note(Name, "<-", e);
        }

        World.Observer.CoordinatorHandles(this, e, clock);
        machine.Handle(e, clock);
    }

    private void Start(CoordinatorEffect effect)
    {
        if (effect is not (CoordinatorEffect.WakeWhenPast or CoordinatorEffect.FindUnapplied))
        {
            World.Note(Name, "->", effect);
        }

        switch (effect)
        {
            case CoordinatorEffect.Answer answer:
                World.Observer.CoordinatorAnswers(this, answer.Reply);
                if (_calls.Remove(answer.Call, out Action<CoordinatorAnswer>? reply))
                {
                    reply(answer.Reply);
                }

                break;
            case CoordinatorEffect.Send send:
                if (_links.TryGetValue(send.Link, out SimStream? stream))
                {
                    World.Observer.CoordinatorSends(this, stream.Participant, send.Shard, send.Frame);
                    stream.Send(send.Shard, send.Frame);
                }

                break;
            case CoordinatorEffect.WakeWhenPast wake:
                World.Counters.Add(Path.CommitWaits);
                _loop.WakeWhenPast(wake.Timestamp);
                break;
            case CoordinatorEffect.Notify notify:
                World.Observer.CoordinatorSays(this, notify.Notice);
                break;
            default:
                _log.Start(effect);
                break;
        }
    }
}
