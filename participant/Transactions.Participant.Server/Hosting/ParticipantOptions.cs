using System.Collections.ObjectModel;
using System.Net;
using NodaTime;
using Transactions.Contracts;
using Transactions.Hosting;
using Transactions.Model;
using Transactions.Storage;

namespace Transactions.Participant.Server;

/// <summary>What a person tunes on a participant. Checked at start; bound from the section <c>Participant</c>.</summary>
public sealed class ParticipantOptions
{
    private static readonly ShardOptions Defaults = new();

    /// <summary>This process's name, for the shards' rows and for logs. 1 to 100 characters; default machine and process id.</summary>
    public string Identity { get; set; } = $"{Environment.MachineName}:{Environment.ProcessId}";

    /// <summary>
    /// Where other processes reach this one's Store: an absolute http or https URI of at most 500 characters; default the address that
    /// it listens on. Required when it listens on every address of its machine (0.0.0.0, [::]): the start is refused otherwise.
    /// </summary>
    public string? Endpoint { get; set; }

    /// <summary>The shards to own. At least one.</summary>
    public ShardList Shards { get; } = [];

    /// <summary>All coordinators' addresses. At least one.</summary>
    public Collection<Uri> Coordinators { get; } = [];

    /// <summary>How long a coordinator may take to answer the Hello of a new stream. 100 ms to 1 min; default 5 s.</summary>
    public TimeSpan HelloTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How long a lease lasts. 100 ms to 10 min; default 10 s. A successor of a killed owner waits as long.</summary>
    public TimeSpan LeaseDuration { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How often leases are renewed. 10 ms to half the lease; default 1 s.</summary>
    public TimeSpan RenewInterval { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>How long versions are kept for reads of the past. 1 s to 3,650 days; default 7 days.</summary>
    public TimeSpan HistoryRetention { get; set; } = TimeSpan.FromDays(7);

    /// <summary>
    /// How long stopping may wait for leases to be handed back, and then, as long again, for PostgreSQL's last answers. 0 to 1 min;
    /// default 5 s.
    /// </summary>
    public TimeSpan StopTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How long a key may be, in bytes of UTF-8. 1 to 2,048; default 1,024.</summary>
    public int MaxKeyBytes { get; set; } = 1_024;

    /// <summary>How large a value may be, in bytes. 1 to 64 MiB; default 1 MiB.</summary>
    public int MaxValueBytes { get; set; } = 1 << 20;

    /// <summary>
    /// How many bytes of records one reply may have; a scan is cut there, other replies are refused. From the largest record
    /// (MaxKeyBytes + MaxValueBytes + 1,024) to 128 MiB; default 3 MiB, below the 4 MiB that gRPC's clients take unless told otherwise.
    /// </summary>
    public int MaxReplyBytes { get; set; } = 3 << 20;

    /// <summary>How many transactions may be open on one shard. 1 to 1,000,000; default 50,000.</summary>
    public int MaxOpenTransactions { get; set; } = 50_000;

    /// <summary>How many operations one transaction may have on one shard. 1 to 1,000,000; default 10,000.</summary>
    public int MaxOperationsPerTransaction { get; set; } = 10_000;

    /// <summary>How many keys one transaction may write on one shard. 1 to 1,000,000; default 5,000.</summary>
    public int MaxWritesPerTransaction { get; set; } = 5_000;

    /// <summary>How many bytes of keys and values go into one PostgreSQL commit; a larger transaction goes alone. 1 KiB to 1 GiB; default 16 MiB.</summary>
    public int MaxBatchBytes { get; set; } = 16 << 20;

    /// <summary>How many calls may wait on one shard. 1 to 1,000,000; default 100,000.</summary>
    public int MaxWaiting { get; set; } = 100_000;

    /// <inheritdoc cref="ShardOptions.InDoubtInterval"/>
    public TimeSpan InDoubtInterval { get; set; } = Defaults.InDoubtInterval.ToTimeSpan();

    /// <inheritdoc cref="ShardOptions.RetryInterval"/>
    public TimeSpan RetryInterval { get; set; } = Defaults.RetryInterval.ToTimeSpan();

    /// <inheritdoc cref="ShardOptions.PruneInterval"/>
    public TimeSpan PruneInterval { get; set; } = Defaults.PruneInterval.ToTimeSpan();

    /// <inheritdoc cref="ShardOptions.MaxBytesPerTransaction"/>
    public int MaxBytesPerTransaction { get; set; } = Defaults.MaxBytesPerTransaction;

    /// <inheritdoc cref="ShardOptions.MaxValueDepth"/>
    public int MaxValueDepth { get; set; } = Defaults.MaxValueDepth;

    /// <inheritdoc cref="ShardOptions.MaxKeysPerGet"/>
    public int MaxKeysPerGet { get; set; } = Defaults.MaxKeysPerGet;

    /// <inheritdoc cref="ShardOptions.MaxScanLimit"/>
    public int MaxScanLimit { get; set; } = Defaults.MaxScanLimit;

    /// <inheritdoc cref="ShardOptions.MaxBatch"/>
    public int MaxBatch { get; set; } = Defaults.MaxBatch;

    /// <inheritdoc cref="ShardOptions.MaxQueuedPersists"/>
    public int MaxQueuedPersists { get; set; } = Defaults.MaxQueuedPersists;

    /// <summary>
    /// How many clients' requests may wait for one shard's turn: beyond that unary calls are refused, and clients' streams aren't read.
    /// 1 to 1,000,000; default 100,000.
    /// </summary>
    public int MaxQueuedRequests { get; set; } = 100_000;

    /// <summary>
    /// How many coordinators' frames may wait for one shard's turn, beside clients' requests: beyond that coordinators' streams
    /// aren't read. 1 to 1,000,000; default 100,000.
    /// </summary>
    public int MaxUnhandledFrames { get; set; } = 100_000;

    /// <summary>How many requests of one Store stream may be unanswered; more are refused. 1 to 1,000,000; default 10,000.</summary>
    public int MaxRequestsPerStream { get; set; } = 10_000;

    /// <summary>How many Store streams may be open, those that haven't said Hello included. 1 to 1,000,000; default 10,000.</summary>
    public int MaxStoreStreams { get; set; } = 10_000;

    /// <summary>How many connections to PostgreSQL read, per shard. 1 to 1,000; default 8.</summary>
    public int ReadConnections { get; set; } = 8;

    /// <summary>How many connections to PostgreSQL write, per shard. 4 to 1,000; default 8.</summary>
    public int WriteConnections { get; set; } = 8;

    /// <summary>How long one statement may run. 1 s to 10 min; default 15 s.</summary>
    public TimeSpan CommandTimeout { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>
    /// How long one round trip of a shard may take until PostgreSQL counts as silent: a write is then in doubt and looked for (L6), a
    /// read has failed. At least twice CommandTimeout, at most 30 min; default 45 s.
    /// </summary>
    public TimeSpan AnswerTimeout { get; set; } = TimeSpan.FromSeconds(45);

    /// <summary>What the shards' machines go by.</summary>
    public ShardOptions ToShardOptions() => new()
    {
        LeaseDuration = Duration.FromTimeSpan(LeaseDuration),
        RenewInterval = Duration.FromTimeSpan(RenewInterval),
        InDoubtInterval = Duration.FromTimeSpan(InDoubtInterval),
        RetryInterval = Duration.FromTimeSpan(RetryInterval),
        HistoryRetention = Duration.FromTimeSpan(HistoryRetention),
        PruneInterval = Duration.FromTimeSpan(PruneInterval),
        MaxKeyBytes = MaxKeyBytes,
        MaxValueBytes = MaxValueBytes,
        MaxReplyBytes = MaxReplyBytes,
        MaxOpenTransactions = MaxOpenTransactions,
        MaxOperationsPerTransaction = MaxOperationsPerTransaction,
        MaxWritesPerTransaction = MaxWritesPerTransaction,
        MaxBatchBytes = MaxBatchBytes,
        MaxWaiting = MaxWaiting,
        MaxBytesPerTransaction = MaxBytesPerTransaction,
        MaxValueDepth = MaxValueDepth,
        MaxKeysPerGet = MaxKeysPerGet,
        MaxScanLimit = MaxScanLimit,
        MaxBatch = MaxBatch,
        MaxQueuedPersists = MaxQueuedPersists,
    };

    /// <summary>What is wrong, each naming the setting, the limit and the remedy; empty when nothing is.</summary>
    public IReadOnlyList<string> FindFaults()
    {
        List<string> faults = [];
        if (Identity.Length is 0 or > WireLimits.MaxIdentityLength)
        {
            faults.Add($"Participant:Identity has {Identity.Length} characters; give it 1 to {WireLimits.MaxIdentityLength}.");
        }

        if (Endpoint is not null && !IsDialable(Endpoint))
        {
            faults.Add(
                $"Participant:Endpoint is '{Endpoint}', which others can't dial; write an absolute http or https URI of at most "
                + $"{WireLimits.MaxEndpointLength} characters with a host of its own, like 'http://payments.internal:7200', or leave it out.");
        }

        if (Shards.Count == 0)
        {
            faults.Add("Participant:Shards is empty; add each shard with its database's connection string.");
        }

        foreach (ShardSettings shard in Shards)
        {
            if (!ShardId.TryParse(shard.Shard, out _))
            {
                faults.Add($"Participant:Shards has '{shard.Shard}', which is no shard id; write it like 'payments/0'.");
            }

            Check(faults, $"shard {shard.Shard}", () => ToStorageOptions(shard).Validate());
        }

        if (Shards.DistinctBy(shard => shard.Shard).Count() != Shards.Count)
        {
            faults.Add("Participant:Shards names a shard twice; leave one of them out.");
        }

        if (Coordinators.Count == 0)
        {
            faults.Add("Participant:Coordinators is empty; add the address of each coordinator, like 'http://127.0.0.1:5001'.");
        }

        if (AnswerTimeout < 2 * CommandTimeout || AnswerTimeout > TimeSpan.FromMinutes(30))
        {
            faults.Add(
                $"Participant:AnswerTimeout is {AnswerTimeout}; set it to at least twice CommandTimeout ({CommandTimeout}) and at most 30 min.");
        }

        CheckCount(faults, MaxQueuedRequests, nameof(MaxQueuedRequests));
        CheckCount(faults, MaxUnhandledFrames, nameof(MaxUnhandledFrames));
        CheckCount(faults, MaxRequestsPerStream, nameof(MaxRequestsPerStream));
        CheckCount(faults, MaxStoreStreams, nameof(MaxStoreStreams));
        if (HelloTimeout < TimeSpan.FromMilliseconds(100) || HelloTimeout > TimeSpan.FromMinutes(1))
        {
            faults.Add($"Participant:HelloTimeout is {HelloTimeout}; set it to at least 100 ms and at most 1 min.");
        }

        if (StopTimeout < TimeSpan.Zero || StopTimeout > TimeSpan.FromMinutes(1))
        {
            faults.Add($"Participant:StopTimeout is {StopTimeout}; set it to at least 0 and at most 1 min.");
        }

        Check(faults, "options", () => ToShardOptions().Validate());
        return faults;
    }

    internal StorageOptions ToStorageOptions(ShardSettings shard) => new()
    {
        ConnectionString = shard.ConnectionString,
        ApplicationName = $"transactions {shard.Shard}"[..Math.Min(63, 13 + shard.Shard.Length)],
        ReadConnections = ReadConnections,
        WriteConnections = WriteConnections,
        CommandTimeout = Duration.FromTimeSpan(CommandTimeout),
    };

    private static bool IsDialable(string endpoint) =>
        endpoint.Length <= WireLimits.MaxEndpointLength
        && Uri.TryCreate(endpoint, UriKind.Absolute, out Uri? uri)
        && (uri.Scheme == Uri.UriSchemeHttp || uri.Scheme == Uri.UriSchemeHttps)
        && uri.UserInfo.Length == 0
        && !GrpcListening.IsOnEveryAddress(endpoint)
        && !(IPAddress.TryParse(uri.Host, out IPAddress? address) && (address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any)));

    private static void CheckCount(List<string> faults, int value, string name)
    {
        if (value is < 1 or > 1_000_000)
        {
            faults.Add($"Participant:{name} is {value}; set it to at least 1 and at most 1000000.");
        }
    }

    private static void Check(List<string> faults, string what, Action validate)
    {
        try
        {
            validate();
        }
        catch (ArgumentException invalid)
        {
            faults.Add($"Participant, {what}: {invalid.Message}");
        }
    }
}
