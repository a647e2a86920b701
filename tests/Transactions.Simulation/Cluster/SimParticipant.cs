using System.Collections.Immutable;
using Transactions.Model;

namespace Transactions.Simulation;

/// <summary>A participant's process: one machine for each shard that it hosts, and one stream to each coordinator.</summary>
internal sealed class SimParticipant : SimProcess
{
    private readonly SimNetwork _network;
    private readonly IReadOnlyList<SimCoordinator> _coordinators;
    private readonly List<SimShard> _shards = [];
    private readonly Dictionary<CoordinatorId, SimStream> _streams = [];
    private readonly List<SimStream> _dialled = [];

    public SimParticipant(World world, SimNetwork network, string name, IReadOnlyList<SimCoordinator> coordinators)
        : base(world, name) => (_network, _coordinators) = (network, coordinators);

    public IReadOnlyList<SimShard> Shards => _shards;

    public IReadOnlyList<SimStream> Streams => _dialled;

    /// <summary>What the Hello says that this process owns.</summary>
    public ImmutableArray<ShardGeneration> Owned => [.. _shards.Where(s => s.Owned is not null).Select(s => s.Owned!.Value)];

    public void Host(SimShard shard) => _shards.Add(shard);

    public SimShard? Find(ShardId id)
    {
        foreach (SimShard shard in _shards)
        {
            if (shard.Id == id)
            {
                return shard;
            }
        }

        return null;
    }

    public void Send(CoordinatorId to, ShardFrame frame)
    {
        if (_streams.TryGetValue(to, out SimStream? stream))
        {
            stream.Send(frame);
        }
    }

    public void Own(ShardGeneration owner)
    {
        foreach (SimStream stream in _streams.Values)
        {
            stream.SendOwn(owner);
        }
    }

    public void Disown(ShardGeneration owner)
    {
        foreach (SimStream stream in _streams.Values)
        {
            stream.SendDisown(owner);
        }
    }

    /// <summary>A coordinator has answered the Hello; what has changed since that was sent is told now.</summary>
    public void Connected(SimStream stream, ImmutableArray<ShardGeneration> told)
    {
        _streams[stream.Coordinator] = stream;
        ImmutableArray<ShardGeneration> owned = Owned;
        foreach (ShardGeneration gone in told.Except(owned))
        {
            stream.SendDisown(gone);
        }

        foreach (ShardGeneration added in owned.Except(told))
        {
            stream.SendOwn(added);
        }

        foreach (SimShard shard in _shards)
        {
            shard.Connected(stream.Coordinator);
        }
    }

    public void Receive(CoordinatorId from, ShardId shard, CoordinatorFrame frame) => Find(shard)?.Receive(from, frame);

    public void Lost(SimStream stream, bool wasGreeted)
    {
        _dialled.Remove(stream);
        if (wasGreeted && _streams.TryGetValue(stream.Coordinator, out SimStream? current) && current == stream)
        {
            _streams.Remove(stream.Coordinator);
            foreach (SimShard shard in _shards)
            {
                shard.Lost(stream.Coordinator);
            }
        }

        After(Random.Skewed(1_000, 60_000), () => Dial(stream.CoordinatorProcess));
    }

    /// <summary>Stops as a service is stopped: hands its shards back (L5), or is killed when that takes too long.</summary>
    public void Stop(long killAfter, long startAfter)
    {
        foreach (SimShard shard in _shards)
        {
            shard.RequestStop();
        }

        long killAt = World.Now + killAfter;
        LookAgain();

        void LookAgain() => After(5_000, () =>
        {
            if (_shards.TrueForAll(s => s.HasStopped) || World.Now >= killAt)
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
        foreach (SimShard shard in _shards)
        {
            shard.Start();
        }

        foreach (SimCoordinator coordinator in _coordinators)
        {
            Dial(coordinator);
        }
    }

    protected override void OnCrash()
    {
        SimStream[] streams = [.. _dialled];
        _dialled.Clear();
        _streams.Clear();
        foreach (SimShard shard in _shards)
        {
            shard.Forget();
        }

        foreach (SimStream stream in streams)
        {
            stream.Break();
        }
    }

    private void Dial(SimCoordinator coordinator) => _dialled.Add(SimStream.Dial(World, _network, this, coordinator));
}
