using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Transactions.Client;

/// <summary>Registers the client.</summary>
public static class TransactionServices
{
    /// <summary>Adds <see cref="TransactionClient"/>, one for the process, its options checked at start.</summary>
    /// <remarks>May be called more than once: what each call configures adds up.</remarks>
    public static IServiceCollection AddTransactions(this IServiceCollection services, Action<TransactionClientOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        services.AddOptions<TransactionClientOptions>().ValidateOnStart();
        if (configure is not null)
        {
            services.Configure(configure);
        }

        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<TransactionClientOptions>, OptionsCheck>());
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton(provider => new TransactionClient(
            provider.GetRequiredService<IOptions<TransactionClientOptions>>().Value,
            provider.GetService<ILoggerFactory>(),
            provider.GetRequiredService<TimeProvider>(),
            provider.GetServices<ILocalShards>()));
        return services;
    }

    private sealed class OptionsCheck : IValidateOptions<TransactionClientOptions>
    {
        public ValidateOptionsResult Validate(string? name, TransactionClientOptions options)
        {
            IReadOnlyList<string> faults = options.FindFaults();
            return faults.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(faults);
        }
    }
}
