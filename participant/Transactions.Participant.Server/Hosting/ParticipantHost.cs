using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Transactions.Clocks;
using Transactions.Contracts;
using Transactions.Hosting;
using Transactions.Model;
using Transactions.Participant.Server.Postgres;
using Transactions.Storage;

namespace Transactions.Participant.Server;

/// <summary>Starts a participant once its process listens, and hands its shards back when the process stops.</summary>
internal sealed class ParticipantHost(
    IServiceProvider services,
    IOptions<ParticipantOptions> participantOptions,
    IOptions<ClusterOptions> clusterOptions,
    IBoundedClock clock,
    TimeProvider timeProvider,
    IProcessStop processStop,
    ParticipantMetrics metrics,
    IHostApplicationLifetime lifetime,
    ILoggerFactory loggers) : IHostedLifecycleService, IAsyncDisposable
{
    private readonly CancellationTokenSource _stopping = new();
    private readonly CoordinatorLinks _links = new();
    private readonly List<ShardDriver> _drivers = [];
    private readonly ILogger _logger = loggers.CreateLogger("Transactions.Participant");
    private Task _starting = Task.CompletedTask;
    private int _isDisposed;

    /// <summary>The shards of this process, whether it owns them now or not.</summary>
    public IReadOnlyList<ShardDriver> Shards
    {
        get
        {
            lock (_drivers)
            {
                return [.. _drivers];
            }
        }
    }

    /// <summary>How many coordinators are connected.</summary>
    public int ConnectedCoordinators => _links.ConnectedCount;

    /// <summary>What this process owns now.</summary>
    public IReadOnlyList<ShardEndpoint> Owned => _links.Owned;

    /// <summary>How many shards this process is configured to own.</summary>
    public int WantedCount => participantOptions.Value.Shards.Count;

    /// <summary>The shards that this process is configured to own, for people.</summary>
    public string WantedShards => string.Join(", ", participantOptions.Value.Shards.Select(shard => shard.Shard));

    public ShardDriver? Find(ShardId shard) => _links.Find(shard);

    public bool Wants(ShardId shard) => participantOptions.Value.Shards.Any(settings => settings.Shard == shard.Value);

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    // By now the process listens, so that its address is known.
    public Task StartedAsync(CancellationToken cancellationToken)
    {
        _starting = Task.Run(StartParticipantAsync, CancellationToken.None);
        return Task.CompletedTask;
    }

    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        await _stopping.CancelAsync();
        await _starting;
        IReadOnlyList<ShardDriver> drivers = Shards;
        Log.HandingBack(_logger, string.Join(", ", drivers.Select(driver => driver.Shard)));
        using CancellationTokenSource giveUp = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using ITimer timer = timeProvider.CreateTimer(
            _ => giveUp.Cancel(), null, participantOptions.Value.StopTimeout, Timeout.InfiniteTimeSpan);
        await Task.WhenAll(drivers.Select(driver => driver.StopAsync(giveUp.Token)));
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        // It is known to the container under two names, which disposes it once for each.
        if (Interlocked.Exchange(ref _isDisposed, 1) == 1)
        {
            return;
        }

        await _stopping.CancelAsync();
        await _starting;
        await _links.DisposeAsync();
        await Task.WhenAll(Shards.Select(driver => driver.DisposeAsync().AsTask()));
        _stopping.Dispose();
    }

    private async Task StartParticipantAsync()
    {
        ParticipantOptions options = participantOptions.Value;
        try
        {
            string endpoint = options.Endpoint ?? GrpcListening.FindEndpoint(services) ?? throw new ArgumentException(
                $"This process listens on every address of its machine ({GrpcListening.FindAddress(services)} from here), and clients "
                + "elsewhere must be told one that they can dial; set Participant:Endpoint, like 'http://payments.internal:7200'.");
            Log.Starting(_logger, options.Identity, endpoint, string.Join(", ", options.Shards.Select(shard => shard.Shard)));
            AddLinks(options);
            _links.Start();

            // Side by side: a database that is down keeps only its own shard waiting.
            await Task.WhenAll(options.Shards.Select(shard => AddShardAsync(options, shard, endpoint)));
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // The process stops before PostgreSQL could be reached.
        }
        catch (Exception e) when (e is MigrationFailedException or ArgumentException)
        {
            Log.CantStart(_logger, e.Message);
            Environment.ExitCode = 1;
            lifetime.StopApplication();
        }
        catch (Exception unexpected)
        {
            processStop.Stop(unexpected);
        }
    }

    private void AddLinks(ParticipantOptions options)
    {
        ClusterOptions cluster = clusterOptions.Value;
        ParticipantHandshake handshake = new(
            new ClusterIdentity(cluster.Name, cluster.ToLimits()), new HelloProof(ClusterSecret.Parse(cluster.Secret)));
        foreach (Uri coordinator in options.Coordinators)
        {
            _links.Add(new CoordinatorLink(
                coordinator, options.Identity, _links, handshake, clock, options.HelloTimeout, timeProvider, loggers.CreateLogger<CoordinatorLink>()));
        }
    }

    private async Task AddShardAsync(ParticipantOptions options, ShardSettings settings, string endpoint)
    {
        ShardId id = ShardId.Parse(settings.Shard);
        PostgresShardStore store = await PostgresShardStore.OpenAsync(
            id, options.ToStorageOptions(settings), loggers, timeProvider, _stopping.Token);
        ShardDriver driver = new(
            new ShardMachine(id, options.Identity, clusterOptions.Value.ToLimits(), options.ToShardOptions()),
            store,
            new ShardOwner(options.Identity, endpoint),
            _links,
            clock,
            timeProvider,
            processStop,
            new ShardObserver(id, metrics, _logger),
            options.MaxQueuedRequests,
            options.MaxUnhandledFrames,
            options.AnswerTimeout,
            options.StopTimeout);
        lock (_drivers)
        {
            _drivers.Add(driver);
        }

        _links.Add(driver);
        driver.Start();
    }
}
