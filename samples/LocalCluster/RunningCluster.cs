using Transactions.LocalPostgres;

namespace Transactions.LocalCluster;

/// <summary>Coordinators over one decision log, and a process with a database of its own for each service, on this machine.</summary>
/// <remarks>Everything ends with this process, however it ends. Not thread-safe.</remarks>
public sealed class RunningCluster : IAsyncDisposable
{
    private readonly PostgresServer _server;
    private readonly string _prefix;
    private readonly Dictionary<string, ServiceProcess> _services = [];
    private readonly Dictionary<string, string> _databases = [];
    private readonly List<ServiceProcess> _coordinators = [];

    private RunningCluster(PostgresServer server, ClusterSettings settings, string prefix, string logFolder)
    {
        (_server, Settings, _prefix, LogFolder) = (server, settings, prefix, logFolder);
    }

    /// <summary>What all processes are configured alike with.</summary>
    public ClusterSettings Settings { get; }

    /// <summary>Where the processes' logs go.</summary>
    public string LogFolder { get; }

    /// <summary>The coordinators, in the order that they were named.</summary>
    public IReadOnlyList<ServiceProcess> Coordinators => _coordinators;

    /// <summary>Where the coordinators answer.</summary>
    public IReadOnlyList<Uri> CoordinatorAddresses => [.. _coordinators.Select(coordinator => coordinator.Address!)];

    /// <summary>The services' processes, by name.</summary>
    public IReadOnlyDictionary<string, ServiceProcess> Services => _services;

    /// <summary>The connection string of a service's database, or of the decision log's under <c>decisions</c>.</summary>
    public string Database(string name) => _databases[name];

    /// <summary>Creates the databases and starts all processes.</summary>
    /// <param name="server">The PostgreSQL server, which stays its owner's.</param>
    /// <param name="settings">What all processes are configured alike with.</param>
    /// <param name="services">The services; one that calls others is started after them, and told where they answer.</param>
    /// <param name="coordinators">How many coordinators.</param>
    /// <param name="logFolder">Where the processes' logs go; made if it isn't there.</param>
    /// <param name="prefix">Begins each database's name, so that clusters can share a server.</param>
    /// <param name="progress">Told of each step.</param>
    /// <param name="cancellationToken">Stops starting.</param>
    public static async Task<RunningCluster> StartAsync(
        PostgresServer server,
        ClusterSettings settings,
        IReadOnlyList<ServiceDescription> services,
        int coordinators,
        string logFolder,
        string prefix = "",
        Action<string>? progress = null,
        CancellationToken cancellationToken = default)
    {
        Directory.CreateDirectory(logFolder);
        RunningCluster cluster = new(server, settings, prefix, logFolder);
        try
        {
            await cluster.CreateDatabaseAsync("decisions", cancellationToken);
            for (int i = 1; i <= coordinators; i++)
            {
                cluster._coordinators.Add(settings.Coordinator($"coordinator-{i}", cluster.Database("decisions"), logFolder));
            }

            progress?.Invoke($"starting {coordinators} coordinators");
            await Task.WhenAll(cluster._coordinators.Select(coordinator => coordinator.StartAsync(cancellationToken)));
            foreach (ServiceDescription service in services)
            {
                await cluster.CreateDatabaseAsync(service.Name, cancellationToken);
            }

            await cluster.StartServicesAsync(services, progress, cancellationToken);
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        // Services first: while coordinators are there, what is under way can still end.
        await Task.WhenAll(_services.Values.Select(service => service.DisposeAsync().AsTask()));
        await Task.WhenAll(_coordinators.Select(coordinator => coordinator.DisposeAsync().AsTask()));
    }

    private async Task StartServicesAsync(
        IReadOnlyList<ServiceDescription> services, Action<string>? progress, CancellationToken cancellationToken)
    {
        List<ServiceDescription> waiting = [.. services];
        while (waiting.Count > 0)
        {
            List<ServiceDescription> ready = waiting.FindAll(service => service.Calls.All(_services.ContainsKey));
            if (ready.Count == 0)
            {
                throw new ArgumentException("Services call each other in a circle, or one that isn't there.", nameof(services));
            }

            progress?.Invoke($"starting {string.Join(", ", ready.Select(service => service.Name))}");
            List<ServiceProcess> processes = ready.ConvertAll(Describe);
            await Task.WhenAll(processes.Select(process => process.StartAsync(cancellationToken)));
            foreach (ServiceProcess process in processes)
            {
                _services.Add(process.Name, process);
            }

            waiting.RemoveAll(ready.Contains);
        }
    }

    private ServiceProcess Describe(ServiceDescription service) => Settings.Participant(
        service,
        Database(service.Name),
        CoordinatorAddresses,
        service.Calls.ToDictionary(called => called, called => _services[called].Address!),
        LogFolder);

    private async Task CreateDatabaseAsync(string name, CancellationToken cancellationToken) =>
        _databases[name] = await _server.CreateDatabaseAsync(_prefix + name, cancellationToken);
}
