using System.Diagnostics.Metrics;
using Grpc.Health.V1;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Transactions.Clocks;
using Transactions.Coordinator.Server;
using Transactions.Hosting;
using V1 = Transactions.Contracts.V1;

namespace Transactions.IntegrationTests.Coordinator;

/// <summary>A coordinator as an application hosts it, listening on a port of its own, and reached through gRPC only.</summary>
public sealed class TestCoordinator : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly GrpcChannel _channel;

    private TestCoordinator(WebApplication app, LogLines lines, BreakableClock clock)
    {
        (_app, Lines, Clock) = (app, lines, clock);
        Endpoint = GrpcListening.FindAddress(app.Services);
        _channel = GrpcChannel.ForAddress(Endpoint);
        Calls = new(_channel);
        Health = new(_channel);
    }

    /// <summary>Where it listens.</summary>
    public string Endpoint { get; }

    /// <summary>Its gRPC methods.</summary>
    public V1.Coordinator.CoordinatorClient Calls { get; }

    /// <summary>Its health.</summary>
    public Health.HealthClient Health { get; }

    /// <summary>What it logged.</summary>
    public LogLines Lines { get; }

    /// <summary>The clock it reads.</summary>
    public BreakableClock Clock { get; }

    /// <summary>Makes its meters, and no other coordinator's.</summary>
    public IMeterFactory Meters => _app.Services.GetRequiredService<IMeterFactory>();

    /// <summary>Completes when it stops by itself.</summary>
    public Task Stopped => _app.WaitForShutdownAsync();

    /// <summary>Starts a coordinator and waits until it serves.</summary>
    public static async Task<TestCoordinator> ServeAsync(
        string connectionString,
        string name = "one",
        Action<CoordinatorServerOptions>? configure = null,
        Action<ClusterOptions>? cluster = null,
        Action<IServiceCollection>? services = null)
    {
        TestCoordinator coordinator = await StartAsync(connectionString, name, configure, cluster: cluster, services: services);
        await coordinator.UntilHealthAsync(HealthCheckResponse.Types.ServingStatus.Serving);
        return coordinator;
    }

    /// <summary>Starts a coordinator, which may not serve yet.</summary>
    public static async Task<TestCoordinator> StartAsync(
        string connectionString,
        string name = "one",
        Action<CoordinatorServerOptions>? configure = null,
        BreakableClock? clock = null,
        Action<ClusterOptions>? cluster = null,
        Action<IServiceCollection>? services = null)
    {
        LogLines lines = new();
        clock ??= new();
        WebApplicationBuilder builder = WebApplication.CreateBuilder();
        builder.Logging.ClearProviders().AddProvider(lines);
        builder.ListenForGrpc("http://127.0.0.1:0");
        builder.Services.AddSingleton<IBoundedClock>(clock);
        builder.Services.AddCluster(TestCluster.Configure).AddCluster(cluster);
        builder.Services.AddTransactionCoordinator(o =>
        {
            o.Name = name;
            o.ConnectionString = connectionString;
            o.DrainTimeout = TimeSpan.FromSeconds(2);
            o.Log.MaxStartupPause = TimeSpan.FromMilliseconds(200);
            configure?.Invoke(o);
        });

        // The health's look at a held clock would block one thread more each time, until nothing runs that could release it.
        builder.Services.Configure<HealthCheckPublisherOptions>(o => o.Predicate = _ => !clock.IsHeld);
        services?.Invoke(builder.Services);
        WebApplication app = builder.Build();
        app.MapTransactionCoordinator();
        try
        {
            await app.StartAsync();
        }
        catch
        {
            await app.DisposeAsync();
            throw;
        }

        return new(app, lines, clock);
    }

    /// <summary>Its health, asked now.</summary>
    public async Task<HealthCheckResponse.Types.ServingStatus> GetHealthAsync(string service = "") =>
        (await Health.CheckAsync(new() { Service = service })).Status;

    /// <summary>Waits until its health is as wanted, for its own service and overall.</summary>
    public async Task UntilHealthAsync(HealthCheckResponse.Types.ServingStatus wanted) => await Eventually.IsTrueAsync(
        async () => await GetHealthAsync() == wanted && await GetHealthAsync("transactions.v1.Coordinator") == wanted,
        () => $"{wanted} wasn't reached; it logged:\n{string.Join('\n', Lines.All)}");

    /// <summary>One of its gauges, by the end of its name, as whoever watches it reads it now.</summary>
    public int ReadGauge(string name)
    {
        int? read = null;
        using MeterListener listener = new();
        listener.InstrumentPublished = (instrument, l) =>
        {
            // Other coordinators of this process have gauges of the same names.
            if (instrument.Name == $"transactions.coordinator.{name}"
                && ReferenceEquals(instrument.Meter.Scope, Meters))
            {
                l.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<int>((_, value, _, _) => read = value);
        listener.Start();
        listener.RecordObservableInstruments();
        return read ?? throw new InvalidOperationException($"There is no gauge {name}.");
    }

    /// <summary>Asks it to stop and waits until it has.</summary>
    public async Task StopAsync() => await _app.StopAsync();

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        Clock.Release();
        _channel.Dispose();
        await _app.StopAsync();
        await _app.DisposeAsync();
    }
}
