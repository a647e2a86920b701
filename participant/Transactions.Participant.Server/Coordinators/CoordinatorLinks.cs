using System.Collections.Concurrent;
using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Transactions.Contracts;
using Transactions.Model;

namespace Transactions.Participant.Server;

/// <summary>Dials every coordinator, and keeps one duplex stream to each (<em>single-socket channel</em>).</summary>
/// <remarks>Thread-safe.</remarks>
internal sealed class CoordinatorLinks : ICoordinatorLinks, IAsyncDisposable
{
    private readonly ConcurrentDictionary<CoordinatorId, CoordinatorLink> _connected = new();
    private readonly ConcurrentDictionary<ShardId, (ShardDriver Driver, ShardGeneration? Owner)> _shards = new();
    private readonly List<CoordinatorLink> _links = [];
    private readonly Lock _lock = new();

    /// <summary>How many coordinators are connected now.</summary>
    public int ConnectedCount => _connected.Count;

    public IReadOnlyCollection<CoordinatorId> Connected => [.. _connected.Keys];

    /// <summary>What the Hello says that this process owns.</summary>
    public ImmutableArray<ShardEndpoint> Owned =>
        [.. _shards.Values.Where(s => s.Owner is not null).Select(s => new ShardEndpoint(s.Owner!.Value, s.Driver.Endpoint))];

    public void Add(CoordinatorLink link) => _links.Add(link);

    public void Add(ShardDriver shard)
    {
        _shards[shard.Shard] = (shard, null);
        foreach (CoordinatorId coordinator in _connected.Keys)
        {
            shard.Post(new ShardEvent.CoordinatorConnected(coordinator));
        }
    }

    public ShardDriver? Find(ShardId shard) => _shards.TryGetValue(shard, out var found) ? found.Driver : null;

    public void Start() => _links.ForEach(link => link.Start());

    public void Send(CoordinatorId to, ShardFrame frame)
    {
        if (_connected.TryGetValue(to, out CoordinatorLink? link))
        {
            link.Send(frame);
        }
    }

    public void Own(ShardDriver shard, ShardGeneration owner)
    {
        // Beside the Hello: a stream either says it there, or is told it afterwards.
        lock (_lock)
        {
            _shards[owner.Shard] = (shard, owner);
            Tell(link => link.Own(new ShardEndpoint(owner, shard.Endpoint)));
        }
    }

    public void Disown(ShardGeneration owner)
    {
        lock (_lock)
        {
            if (_shards.TryGetValue(owner.Shard, out var found) && found.Owner == owner)
            {
                // Only what was told is taken back: a coordinator that never heard of it would end the stream.
                _shards[owner.Shard] = (found.Driver, null);
                Tell(link => link.Disown(owner));
            }
        }
    }

    /// <summary>A stream's Hello was answered. What became owned since that Hello was sent is told now.</summary>
    public void Connect(CoordinatorLink link, CoordinatorId coordinator, ImmutableArray<ShardEndpoint> told)
    {
        lock (_lock)
        {
            foreach (ShardEndpoint gone in told.Except(Owned))
            {
                link.Disown(gone.Owner);
            }

            foreach (ShardEndpoint added in Owned.Except(told))
            {
                link.Own(added);
            }

            // Only now: no frame of a shard may come before the word that it is owned.
            _connected[coordinator] = link;
        }

        foreach ((ShardDriver driver, _) in _shards.Values)
        {
            driver.Post(new ShardEvent.CoordinatorConnected(coordinator));
        }
    }

    public void Disconnect(CoordinatorLink link, CoordinatorId coordinator)
    {
        if (!_connected.TryRemove(new KeyValuePair<CoordinatorId, CoordinatorLink>(coordinator, link)))
        {
            return;
        }

        foreach ((ShardDriver driver, _) in _shards.Values)
        {
            driver.Post(new ShardEvent.CoordinatorLost(coordinator));
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (CoordinatorLink link in _links)
        {
            await link.DisposeAsync();
        }
    }

    private void Tell(Action<CoordinatorLink> word)
    {
        foreach (CoordinatorLink link in _connected.Values)
        {
            word(link);
        }
    }
}
