using Grpc.AspNetCore.Server;
using Grpc.Core;
using Grpc.Core.Interceptors;
using Grpc.Net.Client;
using Grpc.Net.Client.Configuration;
using Grpc.Net.ClientFactory;
using Microsoft.Extensions.DependencyInjection;

namespace Transactions.Client;

/// <summary>Adds the interceptors with which transactions and snapshots travel through services.</summary>
public static class TransactionPropagation
{
    private static readonly TransactionClientInterceptor Interceptor = new();

    /// <summary>Lets all gRPC services of this process run in their callers' transactions. May be called more than once.</summary>
    public static IGrpcServerBuilder AddTransactionPropagation(this IGrpcServerBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.Configure<GrpcServiceOptions>(options =>
        {
            if (!options.Interceptors.Any(registered => registered.Type == typeof(TransactionServerInterceptor)))
            {
                options.Interceptors.Add<TransactionServerInterceptor>();
            }
        });
        return builder;
    }

    /// <summary>Lets the current transaction or snapshot travel with the calls of a client of the factory.</summary>
    /// <remarks>
    /// The channel must have neither retries nor hedging (X2): one that is configured with them is refused with
    /// <see cref="InvalidOperationException"/> when the client is made.
    /// </remarks>
    public static IHttpClientBuilder AddTransactionPropagation(this IHttpClientBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.AddInterceptor(InterceptorScope.Channel, () => Interceptor);

        // After whatever else configures the channel, wherever it stands.
        builder.Services.PostConfigure<GrpcClientFactoryOptions>(
            builder.Name, options => options.ChannelOptionsActions.Add(channel => ForbidRetries(channel, builder.Name)));
        return builder;
    }

    /// <summary>Lets the current transaction or snapshot travel with all calls of a channel.</summary>
    /// <remarks>The channel must have neither retries nor hedging (X2), which can't be seen from here.</remarks>
    public static CallInvoker WithTransactionPropagation(this ChannelBase channel)
    {
        ArgumentNullException.ThrowIfNull(channel);
        return channel.Intercept(Interceptor);
    }

    private static void ForbidRetries(GrpcChannelOptions channel, string name)
    {
        if (channel.ServiceConfig?.MethodConfigs.FirstOrDefault(m => m.RetryPolicy is not null || m.HedgingPolicy is not null) is { } method)
        {
            MethodName? first = method.Names.FirstOrDefault();
            throw new InvalidOperationException(
                $"The gRPC client '{name}' takes part in transactions and is configured to send calls again by itself "
                + $"(ServiceConfig, method '{first?.Service}/{first?.Method}'). Remove its RetryPolicy and HedgingPolicy: a transaction "
                + "runs again as a whole.");
        }

        channel.DisableResolverServiceConfig = true;
    }
}
