using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Transactions.Clocks;

namespace Transactions.Hosting;

/// <summary>Registers what every process of a cluster needs: its options, its clock, and the way it stops.</summary>
public static class ClusterServices
{
    /// <summary>Adds the cluster's options, checked at start, its clock, which must be healthy at start, and the process's stop.</summary>
    /// <remarks>
    /// May be called more than once. A clock that is registered already is kept. A process binds the options to its
    /// configuration's section <see cref="ClusterOptions.Section"/>.
    /// </remarks>
    public static IServiceCollection AddCluster(this IServiceCollection services, Action<ClusterOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        if (!services.Any(service => service.ImplementationType == typeof(ClusterOptionsCheck)))
        {
            AddOnce(services);
        }

        if (configure is not null)
        {
            services.Configure(configure);
        }

        return services;
    }

    private static void AddOnce(IServiceCollection services)
    {
        services.AddOptions<ClusterOptions>().ValidateOnStart();
        services.AddSingleton<IValidateOptions<ClusterOptions>, ClusterOptionsCheck>();
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<IProcessStop, FailFast>();
        services.TryAddSingleton(MakeClock);
    }

    // T3: an unhealthy clock refuses the start, with a message that names the fixes.
    private static IBoundedClock MakeClock(IServiceProvider services)
    {
        ClockOptions options = services.GetRequiredService<IOptions<ClusterOptions>>().Value.ToClockOptions();
        ILogger logger = services.GetRequiredService<ILoggerFactory>().CreateLogger("Transactions.Clock");
        IBoundedClock clock = ClockFactory.Create(options, services.GetRequiredService<TimeProvider>());
        ClockReading reading = ClockStartup.EnsureHealthy(clock);
        Log.ClockIsHealthy(logger, options.Source.ToString(), reading.ToString());
        if (options.FixedBound is { } bound)
        {
            Log.BoundIsAssumed(logger, bound.ToString());
        }

        return clock;
    }

    private sealed class ClusterOptionsCheck : IValidateOptions<ClusterOptions>
    {
        public ValidateOptionsResult Validate(string? name, ClusterOptions options)
        {
            IReadOnlyList<string> faults = options.FindFaults();
            return faults.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(faults);
        }
    }
}
