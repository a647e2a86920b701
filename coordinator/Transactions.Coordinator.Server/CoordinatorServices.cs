using Grpc.AspNetCore.HealthChecks;
using Grpc.Reflection;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;
using Transactions.Coordinator.Server.Life;
using Transactions.Coordinator.Server.Postgres;
using Transactions.Coordinator.Server.Serving;
using Transactions.Coordinator.Server.Telemetry;
using Transactions.Hosting;
using V1 = Transactions.Contracts.V1;

namespace Transactions.Coordinator.Server;

/// <summary>A coordinator in an ASP.NET Core application: one line adds it, one maps its gRPC services.</summary>
public static class CoordinatorServices
{
    // A Hello that lists as many owned shards as it may is this large; frames and Commits are smaller.
    private const int MaxReceivedBytes = 8 << 20;

    // After the drain, for what is still to be written to participants and clients.
    private static readonly TimeSpan LastStreamsTimeout = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan HealthPeriod = TimeSpan.FromSeconds(1);

    /// <summary>Adds a coordinator, which starts and stops with the application.</summary>
    /// <param name="services">The application's services.</param>
    /// <param name="configure">Sets the options; a process binds them to <see cref="CoordinatorServerOptions.Section"/>.</param>
    /// <remarks>
    /// <para>The cluster's options (<see cref="ClusterServices.AddCluster"/>) must be set, too. The application's start fails when an option lies outside its range, or the clock is unhealthy. It doesn't wait for the
    /// decision log: until that is reached, calls are refused (UNAVAILABLE) and health says NOT_SERVING.</para>
    /// <para>Register an <see cref="OpenDecisionLog"/> before to bring another log than PostgreSQL's.</para>
    /// </remarks>
    public static IServiceCollection AddTransactionCoordinator(
        this IServiceCollection services, Action<CoordinatorServerOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        services.AddCluster();
        services.AddOptions<CoordinatorServerOptions>().ValidateOnStart();
        services.AddSingleton<IValidateOptions<CoordinatorServerOptions>, OptionsCheck>();
        if (configure is not null)
        {
            services.Configure(configure);
        }

        services.AddMetrics();
        services.TryAddSingleton(OpenPostgres);
        services.AddSingleton<CoordinatorIdentity>();
        services.AddSingleton<CoordinatorMetrics>();
        services.AddSingleton<Door>();
        services.AddSingleton<StreamEnds>();
        services.AddSingleton<ClientCalls>();
        services.AddSingleton<ClientStreams>();
        services.AddSingleton<ParticipantStreams>();
        services.AddSingleton<CoordinatorService>();
        services.AddSingleton<CoordinatorLife>();
        services.AddHostedService(provider => provider.GetRequiredService<CoordinatorLife>());
        services.AddOptions<HostOptions>().PostConfigure<IOptions<CoordinatorServerOptions>>(LeaveTimeToDrain);

        services.AddGrpc().AddServiceOptions<CoordinatorService>(o => o.MaxReceiveMessageSize = MaxReceivedBytes);
        services.AddGrpcReflection();
        AddHealth(services);
        return services;
    }

    /// <summary>Maps the gRPC services: Coordinator, and, once per application, health and reflection.</summary>
    /// <remarks>The server must speak HTTP/2, on a port without TLS nothing else.</remarks>
    public static IEndpointRouteBuilder MapTransactionCoordinator(this IEndpointRouteBuilder endpoints)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        endpoints.MapGrpcService<CoordinatorService>().Add(endpoints.ServiceProvider.GetRequiredService<StreamEnds>().LetPeersSeeIt);
        if (!IsMapped<global::Grpc.Health.V1.Health.HealthBase>(endpoints))
        {
            endpoints.MapGrpcHealthChecksService();
            endpoints.MapGrpcReflectionService();
        }

        return endpoints;
    }

    private static void AddHealth(IServiceCollection services)
    {
        string service = V1.Coordinator.Descriptor.FullName;
        services.AddGrpcHealthChecks(o => o.Services.Map(service, check => check.Name == service))
            .AddCheck<CoordinatorHealth>(service);

        // Check looks at once; this is how soon Watch tells.
        services.Configure<HealthCheckPublisherOptions>(o => (o.Delay, o.Period) = (TimeSpan.Zero, HealthPeriod));
    }

    private static OpenDecisionLog OpenPostgres(IServiceProvider services)
    {
        var options = services.GetRequiredService<IOptions<CoordinatorServerOptions>>();
        var loggers = services.GetRequiredService<ILoggerFactory>();
        var timeProvider = services.GetRequiredService<TimeProvider>();
        return async cancellationToken =>
            await PostgresDecisionLog.OpenAsync(options.Value.ToStorageOptions(), loggers, timeProvider, cancellationToken);
    }

    private static void LeaveTimeToDrain(HostOptions host, IOptions<CoordinatorServerOptions> options)
    {
        try
        {
            TimeSpan needed = options.Value.DrainTimeout + LastStreamsTimeout;
            host.ShutdownTimeout = host.ShutdownTimeout < needed ? needed : host.ShutdownTimeout;
        }
        catch (OptionsValidationException)
        {
            // The start says so, together with whatever else is wrong.
        }
    }

    private static bool IsMapped<TService>(IEndpointRouteBuilder endpoints) =>
        endpoints.DataSources.SelectMany(s => s.Endpoints).Any(
            e => e.Metadata.GetMetadata<global::Grpc.AspNetCore.Server.GrpcMethodMetadata>()?.ServiceType.IsAssignableTo(typeof(TService)) == true);
}
