using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Transactions.Client;
using Transactions.Contracts;
using Transactions.Hosting;
using Transactions.Model;

namespace Transactions.Participant.Server;

/// <summary>Adds a participant to an ASP.NET Core application.</summary>
public static class ParticipantServices
{
    // The greatest value that may be configured, with room for its key and the frame around it.
    private const int MostBytesInAMessage = 80 << 20;

    /// <summary>Makes this process own shards: their stores, their streams to the coordinators, and the in-process way to them.</summary>
    /// <remarks>
    /// The cluster's options (<see cref="ClusterServices.AddCluster"/>) must be set too. The process refuses to start with a
    /// setting out of range, or with an unhealthy clock.
    /// </remarks>
    public static IServiceCollection AddTransactionParticipant(
        this IServiceCollection services, Action<ParticipantOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        services.AddCluster();
        services.AddMetrics();
        services.AddOptions<ParticipantOptions>().ValidateOnStart();
        services.AddSingleton<IValidateOptions<ParticipantOptions>, ParticipantOptionsCheck>();
        if (configure is not null)
        {
            services.Configure(configure);
        }

        services.AddSingleton<ParticipantMetrics>();
        services.AddSingleton<ParticipantHost>();
        services.AddHostedService(provider => provider.GetRequiredService<ParticipantHost>());
        services.AddSingleton(provider =>
        {
            ClusterOptions cluster = provider.GetRequiredService<IOptions<ClusterOptions>>().Value;
            return new ContextVerifier(ClusterSecret.Parse(cluster.Secret), cluster.KeyEpoch);
        });
        services.AddSingleton<StoreCalls>();
        services.AddSingleton<StoreStreams>();
        services.AddSingleton<ILocalShards, LocalShards>();
        services.TryAddSingleton(MakeStore);
        services.AddGrpc(grpc => grpc.MaxReceiveMessageSize = MostBytesInAMessage).AddTransactionPropagation();
        services.AddGrpcReflection();
        services.AddGrpcHealthChecks().AddCheck<ParticipantHealth>("shards");
        return services;
    }

    /// <summary>Maps the Store service, gRPC health and reflection.</summary>
    public static IEndpointRouteBuilder MapTransactionParticipant(this IEndpointRouteBuilder routes)
    {
        ArgumentNullException.ThrowIfNull(routes);
        routes.MapGrpcService<StoreService>();
        routes.MapGrpcHealthChecksService();
        routes.MapGrpcReflectionService();
        return routes;
    }

    // The store of the service that this process is: in the caller's transaction, if it has one.
    private static IStore MakeStore(IServiceProvider services)
    {
        List<string> own = [.. services.GetRequiredService<IOptions<ParticipantOptions>>().Value.Shards
            .Select(shard => ShardId.Parse(shard.Shard).Service).Distinct()];
        return own.Count == 1
            ? services.GetRequiredService<TransactionClient>().Store(own[0])
            : throw new InvalidOperationException(
                $"This process owns shards of {own.Count} services; take each one's store from TransactionClient.Store(service).");
    }

    private sealed class ParticipantOptionsCheck : IValidateOptions<ParticipantOptions>
    {
        public ValidateOptionsResult Validate(string? name, ParticipantOptions options)
        {
            IReadOnlyList<string> faults = options.FindFaults();
            return faults.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(faults);
        }
    }
}
