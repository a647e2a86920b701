using System.Collections.Immutable;
using Transactions.Coordinator;
using Transactions.Model;
using Transactions.TestKit.Storage;

namespace Transactions.Simulation;

/// <summary>Every process and database of a world.</summary>
internal sealed class SimCluster
{
    private static readonly string[] Services = ["orders/0", "payments/0", "stock/0"];

    public SimCluster(World world)
    {
        Scenario scenario = world.Scenario;
        World = world;
        Network = new SimNetwork(world);
        Log = new FakeDecisionDatabase(() => world.TrueTime) { Mutation = scenario.Mutant.Store };
        for (int i = 0; i < scenario.Coordinators; i++)
        {
            Coordinators.Add(new SimCoordinator(world, $"coord-{i}", this));
        }

        for (int i = 0; i < scenario.Shards; i++)
        {
            ShardId id = ShardId.Parse(Services[i]);
            ShardIds.Add(id);
            Databases.Add(id, new FakeShardDatabase { Mutation = scenario.Mutant.Store });
            for (int host = 0; host < 2; host++)
            {
                SimParticipant process = HostOf(i, host);
                process.Host(new SimShard(process, id, this));
            }
        }

        for (int i = 0; i < scenario.Clients; i++)
        {
            Clients.Add(new SimClient(world, this, $"client-{i}"));
        }
    }

    public World World { get; }

    public SimNetwork Network { get; }

    public FakeDecisionDatabase Log { get; }

    public List<SimCoordinator> Coordinators { get; } = [];

    public List<SimParticipant> Participants { get; } = [];

    public List<ShardId> ShardIds { get; } = [];

    public Dictionary<ShardId, FakeShardDatabase> Databases { get; } = [];

    public List<SimClient> Clients { get; } = [];

    public IEnumerable<SimProcess> Processes => [.. Coordinators, .. Participants, .. Clients];

    public SimCoordinator Coordinator(string name) => Coordinators.Find(c => c.Name == name)!;

    /// <summary>The decision log's server dies and comes back: what wasn't acknowledged is gone, unless it happened to reach the disk.</summary>
    public void CrashLog(bool keepsUnflushed)
    {
        World.Note("log", "crashes");
        ImmutableArray<Decision> before = Log.Decisions;
        Log.Crash(keepsUnflushed);
        World.Observer.LogCrashed(before, Log.Decisions);
    }

    /// <summary>A shard's server dies and comes back.</summary>
    public void CrashShard(ShardId shard, bool keepsUnflushed)
    {
        World.Note(shard.Value, "crashes");
        FakeShardDatabase database = Databases[shard];
        FakeShardState before = database.State;
        database.Crash(keepsUnflushed);
        World.Observer.ShardCrashed(shard, before, database.State);
    }

    /// <summary>The processes that host a shard.</summary>
    public IReadOnlyList<SimParticipant> HostsOf(ShardId shard) => _hosts.TryGetValue(shard, out List<SimParticipant>? known)
        ? known
        : _hosts[shard] = Participants.FindAll(p => p.Find(shard) is not null);

    private readonly Dictionary<ShardId, List<SimParticipant>> _hosts = [];

    private SimParticipant HostOf(int shard, int host)
    {
        string name = World.Scenario.HasOwnProcesses ? $"part-{shard}{(char)('a' + host)}" : $"part-{(char)('a' + host)}";
        SimParticipant? process = Participants.Find(p => p.Name == name);
        if (process is null)
        {
            process = new SimParticipant(World, Network, name, Coordinators);
            Participants.Add(process);
        }

        return process;
    }
}
