using NodaTime;
using Transactions.Contracts;
using Transactions.Model;
using Transactions.Storage;

namespace Transactions.Coordinator.Server;

/// <summary>What a person tunes on a coordinator. Checked at start.</summary>
/// <remarks>What all processes of the cluster share is <see cref="Hosting.ClusterOptions"/>'s.</remarks>
public sealed class CoordinatorServerOptions
{
    /// <summary>The configuration section that processes bind the options to.</summary>
    public const string Section = "Coordinator";

    /// <summary>This coordinator's name, which no other of the cluster has, and which stays the same. 1 to 63 characters.</summary>
    public string Name { get; set; } = "";

    /// <summary>How to reach the decision log, which all coordinators share: Npgsql's connection string. Never logged.</summary>
    public string ConnectionString { get; set; } = "";

    /// <summary>The cluster's other coordinators, told to clients so that they can ask them. At most 1,000; default none.</summary>
    public IList<PeerOptions> Peers { get; init; } = [];

    /// <summary>
    /// Where the process listens: <c>http://address:port</c> (HTTP/2 without TLS) or <c>https://address:port</c> (the certificate
    /// of the section <c>Kestrel:Certificates:Default</c>). Port 0 takes a free one. Default <c>http://127.0.0.1:7100</c>, which
    /// other machines can't reach. The library leaves listening to its host.
    /// </summary>
    public string Listen { get; set; } = "http://127.0.0.1:7100";

    /// <summary>How long a stop waits for transactions under way. 0 to 10 min; default 10 s.</summary>
    public TimeSpan DrainTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <inheritdoc cref="CoordinatorOptions.VoteTimeout"/>
    public TimeSpan VoteTimeout { get; set; } = Defaults.VoteTimeout.ToTimeSpan();

    /// <inheritdoc cref="CoordinatorOptions.HeartbeatTimeout"/>
    public TimeSpan HeartbeatTimeout { get; set; } = Defaults.HeartbeatTimeout.ToTimeSpan();

    /// <inheritdoc cref="CoordinatorOptions.ResendInterval"/>
    public TimeSpan ResendInterval { get; set; } = Defaults.ResendInterval.ToTimeSpan();

    /// <inheritdoc cref="CoordinatorOptions.RecoveryInterval"/>
    public TimeSpan RecoveryInterval { get; set; } = Defaults.RecoveryInterval.ToTimeSpan();

    /// <inheritdoc cref="CoordinatorOptions.PruneInterval"/>
    public TimeSpan PruneInterval { get; set; } = Defaults.PruneInterval.ToTimeSpan();

    /// <inheritdoc cref="CoordinatorOptions.MarkInterval"/>
    public TimeSpan MarkInterval { get; set; } = Defaults.MarkInterval.ToTimeSpan();

    /// <inheritdoc cref="CoordinatorOptions.RetryInterval"/>
    public TimeSpan RetryInterval { get; set; } = Defaults.RetryInterval.ToTimeSpan();

    /// <summary>
    /// How many calls may be under way at once, those whose callers went away included until they are dropped. More are refused
    /// (RESOURCE_EXHAUSTED) before anything is done about them. 1 to 1,000,000; default 100,000.
    /// </summary>
    public int MaxOpenCalls { get; set; } = 100_000;

    /// <inheritdoc cref="CoordinatorOptions.MaxOpenTransactions"/>
    public int MaxOpenTransactions { get; set; } = Defaults.MaxOpenTransactions;

    /// <inheritdoc cref="CoordinatorOptions.MaxRememberedTransactions"/>
    public int MaxRememberedTransactions { get; set; } = Defaults.MaxRememberedTransactions;

    /// <inheritdoc cref="CoordinatorOptions.MaxShards"/>
    public int MaxShards { get; set; } = Defaults.MaxShards;

    /// <inheritdoc cref="CoordinatorOptions.MaxBatch"/>
    public int MaxBatch { get; set; } = Defaults.MaxBatch;

    /// <inheritdoc cref="CoordinatorOptions.MaxQueuedDecisions"/>
    public int MaxQueuedDecisions { get; set; } = Defaults.MaxQueuedDecisions;

    /// <inheritdoc cref="CoordinatorOptions.MaxResultBytes"/>
    public int MaxResultBytes { get; set; } = Defaults.MaxResultBytes;

    /// <summary>How the log's PostgreSQL is used.</summary>
    public LogOptions Log { get; init; } = new();

    /// <summary>The streams of participants and clients.</summary>
    public StreamOptions Streams { get; init; } = new();

    private static CoordinatorOptions Defaults { get; } = new();

    /// <summary>What the machine goes by.</summary>
    public CoordinatorOptions ToMachineOptions() => new()
    {
        VoteTimeout = Duration.FromTimeSpan(VoteTimeout),
        HeartbeatTimeout = Duration.FromTimeSpan(HeartbeatTimeout),
        ResendInterval = Duration.FromTimeSpan(ResendInterval),
        RecoveryInterval = Duration.FromTimeSpan(RecoveryInterval),
        PruneInterval = Duration.FromTimeSpan(PruneInterval),
        MarkInterval = Duration.FromTimeSpan(MarkInterval),
        RetryInterval = Duration.FromTimeSpan(RetryInterval),
        MaxOpenTransactions = MaxOpenTransactions,
        MaxRememberedTransactions = MaxRememberedTransactions,
        MaxShards = MaxShards,
        MaxBatch = MaxBatch,
        MaxQueuedDecisions = MaxQueuedDecisions,
        MaxResultBytes = MaxResultBytes,
    };

    /// <summary>How the log's PostgreSQL is reached.</summary>
    public StorageOptions ToStorageOptions() => new()
    {
        ConnectionString = ConnectionString,
        ApplicationName = $"coordinator {Name}"[..Math.Min(63, "coordinator ".Length + Name.Length)],
        ReadConnections = Log.ReadConnections,
        WriteConnections = Log.WriteConnections,
        ConnectTimeout = Duration.FromTimeSpan(Log.ConnectTimeout),
        CommandTimeout = Duration.FromTimeSpan(Log.CommandTimeout),
        LockTimeout = Duration.FromTimeSpan(Log.LockTimeout),
        MaxStartupPause = Duration.FromTimeSpan(Log.MaxStartupPause),
    };

    /// <summary>The other coordinators, as clients are told.</summary>
    public IEnumerable<CoordinatorEndpoint> ToPeers() => Peers.Select(p => new CoordinatorEndpoint(p.Name, p.Endpoint));

    /// <summary>What is wrong, each naming the setting, the limit and the remedy; empty when nothing is.</summary>
    public IReadOnlyList<string> FindFaults()
    {
        Faults faults = new();
        faults.Text(Name, CoordinatorId.MaxNameLength, nameof(Name));
        faults.Uri(Listen, nameof(Listen));
        faults.Span(DrainTimeout, TimeSpan.Zero, TimeSpan.FromMinutes(10), nameof(DrainTimeout));
        faults.Range(MaxOpenCalls, 1, 1_000_000, nameof(MaxOpenCalls));
        faults.Try(() => ToMachineOptions().Validate());
        faults.Try(() => ToStorageOptions().Validate());
        Streams.FindFaults(faults);
        FindPeerFaults(faults);
        return faults.Found;
    }

    private void FindPeerFaults(Faults faults)
    {
        faults.Range(Peers.Count, 0, WireLimits.MaxCoordinators, nameof(Peers));
        for (int i = 0; i < Peers.Count; i++)
        {
            faults.Text(Peers[i].Name, CoordinatorId.MaxNameLength, $"{nameof(Peers)}:{i}:{nameof(PeerOptions.Name)}");
            faults.Uri(Peers[i].Endpoint, $"{nameof(Peers)}:{i}:{nameof(PeerOptions.Endpoint)}");
        }

        foreach (string name in Peers.Select(p => p.Name).Append(Name).Where(n => n.Length > 0).CountBy(n => n)
            .Where(n => n.Value > 1).Select(n => n.Key))
        {
            faults.Add($"{nameof(Peers)}: the name '{name}' is there twice, this coordinator's own included; give each its own.");
        }
    }
}
