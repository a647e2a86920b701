using System.Collections.Immutable;
using Transactions.Coordinator;
using Transactions.Model;
using Transactions.TestKit.Storage;

namespace Transactions.Simulation;

/// <summary>Every process and database of a world.</summary>
internal sealed class SimCluster
{
    public const string LogName = "log";

    private static readonly string[] Services = ["orders", "payments", "stock"];

    private readonly Dictionary<ShardId, IReadOnlyList<SimParticipant>> _hosts = [];

    public SimCluster(World world)
    {
        Scenario scenario = world.Scenario;
        World = world;
        Network = new SimNetwork(world);
        Log = new FakeDecisionDatabase(() => world.TrueTime) { Mutation = scenario.Mutant.Store };
        Servers.Add(LogName, new SimDatabase(world, LogName, isAvailable => Log.IsAvailable = isAvailable, CrashLog));
        for (int i = 0; i < scenario.Coordinators; i++)
        {
            Coordinators.Add(new SimCoordinator(world, $"coord-{i}", this));
        }

        for (int service = 0; service < scenario.Services; service++)
        {
            for (int shard = 0; shard < scenario.ShardsPerService; shard++)
            {
                AddShard(Services[service], shard);
            }
        }

        for (int i = 0; i < scenario.Clients; i++)
        {
            Clients.Add(new SimClient(world, this, $"client-{i}"));
        }

        Processes = [.. Coordinators, .. Participants, .. Clients];
    }

    public World World { get; }

    public SimNetwork Network { get; }

    public FakeDecisionDatabase Log { get; }

    public List<SimCoordinator> Coordinators { get; } = [];

    public List<SimParticipant> Participants { get; } = [];

    public List<ShardId> ShardIds { get; } = [];

    public Dictionary<ShardId, FakeShardDatabase> Databases { get; } = [];

    /// <summary>All databases, by name, as servers that fail.</summary>
    public SortedDictionary<string, SimDatabase> Servers { get; } = new(StringComparer.Ordinal);

    public List<SimClient> Clients { get; } = [];

    public ImmutableArray<SimProcess> Processes { get; }

    public SimCoordinator Coordinator(string name) => Coordinators.Find(c => c.Name == name)!;

    /// <summary>The processes that host a shard.</summary>
    public IReadOnlyList<SimParticipant> HostsOf(ShardId shard) => _hosts[shard];

    /// <summary>Clients may hear of a new owner before its coordinators do.</summary>
    public void OwnerServes(SimShard shard)
    {
        foreach (SimClient client in Clients)
        {
            client.OwnerServes(shard);
        }
    }

    private void AddShard(string service, int number)
    {
        ShardId id = ShardId.Parse($"{service}/{number}");
        FakeShardDatabase database = new() { Mutation = World.Scenario.Mutant.Store, MostMetInAPart = World.Scenario.MostMetInAPart };
        ShardIds.Add(id);
        Databases.Add(id, database);
        Servers.Add(id.Value, new SimDatabase(
            World, id.Value, isAvailable => database.IsAvailable = isAvailable, keepsUnflushed => CrashShard(id, keepsUnflushed)));
        List<SimParticipant> hosts = [];
        for (int host = 0; host < World.Scenario.HostsPerShard; host++)
        {
            SimParticipant process = Host(service, number, host);
            process.Host(new SimShard(process, id, this));
            hosts.Add(process);
        }

        _hosts.Add(id, hosts);
    }

    private SimParticipant Host(string service, int shard, int host)
    {
        char letter = (char)('a' + host);
        string name = World.Scenario.Placement switch
        {
            Placement.OwnProcesses => $"{service}{shard}{letter}",
            Placement.ByService => $"{service}-{letter}",
            Placement.Everywhere => $"part-{letter}",
        };
        SimParticipant? process = Participants.Find(p => p.Name == name);
        if (process is null)
        {
            process = new SimParticipant(World, Network, name, Coordinators);
            Participants.Add(process);
        }

        return process;
    }

    // The decision log's server dies and comes back: what wasn't acknowledged is gone, unless it happened to reach the disk.
    private void CrashLog(bool keepsUnflushed)
    {
        World.Note(LogName, "crashes");
        ImmutableArray<Decision> before = Log.Decisions;
        Log.Crash(keepsUnflushed);
        World.Observer.LogCrashed(before, Log.Decisions);
    }

    private void CrashShard(ShardId shard, bool keepsUnflushed)
    {
        World.Note(shard.Value, "crashes");
        FakeShardDatabase database = Databases[shard];
        FakeShardState before = database.State;
        database.Crash(keepsUnflushed);
        World.Observer.ShardCrashed(shard, before, database.State);
    }
}
