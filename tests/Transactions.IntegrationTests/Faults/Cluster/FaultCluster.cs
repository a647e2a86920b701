using Transactions.Client;
using Transactions.IntegrationTests.Fixtures;
using Transactions.LocalCluster;
using Transactions.LocalPostgres;

namespace Transactions.IntegrationTests.Faults;

/// <summary>
/// Two coordinators, and two services with two processes each that want the one shard; a durable PostgreSQL server for each
/// database; a proxy on every way between them.
/// </summary>
/// <remarks>Everything is on loopback and ends with this process, however it ends.</remarks>
internal sealed class FaultCluster : IAsyncDisposable
{
    public static readonly TimeSpan Lease = TimeSpan.FromSeconds(2);
    public static readonly TimeSpan MaxLifetime = TimeSpan.FromSeconds(15);
    public static readonly string[] Services = ["east", "west"];

    private const int Coordinators = 2;
    private const int Replicas = 2;
    private const string Decisions = "decisions";

    private readonly GuardedFolder _logs = new("faults");
    private readonly ClusterSettings _settings = new()
    {
        Name = "faults",
        LeaseDuration = Lease,
        Extra = new Dictionary<string, string>
        {
            ["Cluster__MaxLifetime"] = MaxLifetime.ToString("c"),
            ["Cluster__Retention"] = "00:01:00",
            ["Coordinator__VoteTimeout"] = "00:00:02",
            ["Coordinator__HeartbeatTimeout"] = "00:00:04",
            ["Coordinator__ResendInterval"] = "00:00:00.300",
            ["Coordinator__RecoveryInterval"] = "00:00:01",
            ["Coordinator__PruneInterval"] = "00:00:05",
            ["Coordinator__DrainTimeout"] = "00:00:01",
            ["Coordinator__Log__CommandTimeout"] = "00:00:05",
            ["Coordinator__Log__LockTimeout"] = "00:00:01",
            ["Coordinator__Log__MaxStartupPause"] = "00:00:00.500",
            ["Participant__CommandTimeout"] = "00:00:05",
            ["Participant__HistoryRetention"] = "00:01:00",
            ["Participant__StopTimeout"] = "00:00:01",
            ["Logging__LogLevel__Microsoft"] = "Warning",
            ["Logging__LogLevel__Grpc"] = "Error",
        },
    };

    private readonly List<DatabaseServer> _servers = [];
    private readonly List<Member> _coordinators = [];
    private readonly List<Member> _participants = [];
    private readonly List<Link> _links = [];
    private SmallDisk? _disk;

    private FaultCluster()
    {
    }

    /// <summary>The decision log's server first, then each service's.</summary>
    public IReadOnlyList<DatabaseServer> Servers => _servers;

    /// <summary>The coordinators' processes.</summary>
    public IReadOnlyList<Member> CoordinatorProcesses => _coordinators;

    /// <summary>All processes of all services.</summary>
    public IReadOnlyList<Member> ParticipantProcesses => _participants;

    /// <summary>All ways between the parts.</summary>
    public IReadOnlyList<Link> Links => _links;

    /// <summary>Where the processes' logs are.</summary>
    public string LogFolder => _logs.Path;

    /// <summary>The server whose disk can be filled; without a disk of ours, whose writes can be refused.</summary>
    public DatabaseServer Smallest => ServerOf(Services[^1]);

    /// <summary>Every process.</summary>
    public IEnumerable<Member> Members => _coordinators.Concat(_participants);

    /// <summary>Starts it all.</summary>
    /// <param name="diskMegabytes">How large the one small disk is.</param>
    /// <param name="say">Told what a person should know.</param>
    /// <param name="cancellationToken">Stops starting.</param>
    public static async Task<FaultCluster> StartAsync(int diskMegabytes, Action<string> say, CancellationToken cancellationToken)
    {
        FaultCluster cluster = new();
        try
        {
            await cluster.StartServersAsync(diskMegabytes, say, cancellationToken);
            await cluster.StartProcessesAsync(cancellationToken);
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    public DatabaseServer ServerOf(string service) => _servers.Single(server => server.Name == service);

    /// <summary>The processes that want a service's shard.</summary>
    public IReadOnlyList<Member> ReplicasOf(string service) => _participants.FindAll(member => member.Name.StartsWith(service, StringComparison.Ordinal));

    /// <summary>Which process owns a service's shard, or owned it last; null before anyone did.</summary>
    public async Task<Member?> OwnerOfAsync(string service)
    {
        string? owner = await ServerOf(service).ReadAsync<string>("select owner from txn.shard where shard = $1", $"{service}/0");
        return _participants.Find(member => member.Name == owner);
    }

    /// <summary>A client of its own connections.</summary>
    /// <param name="name">Its id.</param>
    /// <param name="outcomeWait">How long it waits for a lost outcome.</param>
    public TransactionClient Connect(string name, TimeSpan outcomeWait)
    {
        TransactionClientOptions options = new()
        {
            Cluster = _settings.Name,
            ClientId = name,
            DefaultTimeout = TimeSpan.FromSeconds(8),
            HeartbeatInterval = TimeSpan.FromSeconds(0.5),
            CallTimeout = TimeSpan.FromSeconds(2),
            ConnectTimeout = TimeSpan.FromSeconds(1),
            OutcomeWait = outcomeWait,
        };
        foreach (Member coordinator in _coordinators)
        {
            options.Coordinators.Add(coordinator.Door.Address);
        }

        return new TransactionClient(options);
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            await Task.WhenAll(_participants.Select(member => member.DisposeAsync().AsTask()));
            await Task.WhenAll(_coordinators.Select(member => member.DisposeAsync().AsTask()));
            await Task.WhenAll(_links.Select(link => link.Proxy.DisposeAsync().AsTask()));
        }
        finally
        {
            await Task.WhenAll(_servers.Select(server => server.DisposeAsync().AsTask()));
            if (_disk is not null)
            {
                await _disk.DisposeAsync();
            }

            _logs.Dispose();
        }
    }

    private async Task StartServersAsync(int diskMegabytes, Action<string> say, CancellationToken cancellationToken)
    {
        (_disk, string why) = await SmallDisk.TryMountAsync(diskMegabytes);
        if (_disk is null)
        {
            // As root in CI nothing stands in the way: there a disk that can't be filled is a failure.
            if (Environment.IsPrivilegedProcess && Environment.GetEnvironmentVariable("CI") == "true")
            {
                throw new InvalidOperationException($"The small disk can't be mounted: {why}");
            }

            say($"NO SMALL DISK ({why}): instead of a full disk, the server of {Services[^1]} refuses writes by its settings.");
        }

        Task<DatabaseServer>[] starting =
        [
            DatabaseServer.StartAsync(Decisions, null, cancellationToken),
            .. Services.Select(service => DatabaseServer.StartAsync(service, service == Services[^1] ? _disk : null, cancellationToken)),
        ];
        try
        {
            await Task.WhenAll(starting);
        }
        finally
        {
            _servers.AddRange(starting.Where(started => started.IsCompletedSuccessfully).Select(started => started.Result));
        }
    }

    private async Task StartProcessesAsync(CancellationToken cancellationToken)
    {
        for (int i = 1; i <= Coordinators; i++)
        {
            Member coordinator = new($"coordinator-{i}");
            _coordinators.Add(coordinator);
            _links.Add(new Link(LinkKind.ClientToCoordinator, $"clients-{coordinator.Name}", coordinator.Door));
            coordinator.Process = _settings.Coordinator(coordinator.Name, Database(coordinator.Name, Decisions), LogFolder);
        }

        await Task.WhenAll(_coordinators.Select(member => member.StartAsync(cancellationToken)));
        foreach (string service in Services)
        {
            for (int i = 1; i <= Replicas; i++)
            {
                Member participant = new($"{service}-{i}");
                _participants.Add(participant);
                _links.Add(new Link(LinkKind.ClientToParticipant, $"clients-{participant.Name}", participant.Door));
                participant.Process = _settings.Participant(
                    ServiceDescription.StandAlone(service),
                    Database(participant.Name, service),
                    [.. _coordinators.Select(coordinator => ToCoordinator(participant, coordinator))],
                    new Dictionary<string, Uri>(),
                    LogFolder,
                    participant.Name,
                    participant.Door.Address);
            }
        }

        await Task.WhenAll(_participants.Select(member => member.StartAsync(cancellationToken)));
    }

    private string Database(string member, string server)
    {
        DatabaseServer of = ServerOf(server);
        CuttableProxy proxy = new(() => of.Place);
        _links.Add(new Link(LinkKind.ProcessToDatabase, $"{member}-postgres", proxy));
        return proxy.Through(of.Server.ConnectionString(server));
    }

    private Uri ToCoordinator(Member participant, Member coordinator)
    {
        CuttableProxy proxy = new(() => coordinator.Process.Address is { } address ? (address.Host, address.Port) : null);
        _links.Add(new Link(LinkKind.ParticipantToCoordinator, $"{participant.Name}-{coordinator.Name}", proxy));
        return proxy.Address;
    }
}
