using Microsoft.Extensions.Diagnostics.HealthChecks;
using Transactions.Clocks;
using Transactions.Model;

namespace Transactions.Coordinator.Server.Life;

// NOT_SERVING while the coordinator starts or stops, can't choose timestamps, or can't reach its log.
internal sealed class CoordinatorHealth(CoordinatorLife life, IBoundedClock clock) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(Check());

    private HealthCheckResult Check()
    {
        if (life.NotServing is { } refusal)
        {
            return HealthCheckResult.Unhealthy(refusal.Message);
        }

        ClockReading reading = clock.Read();
        if (!reading.IsHealthy)
        {
            return HealthCheckResult.Unhealthy(reading.Health.Message);
        }

        return life.Driver is { IsLogReachable: true }
            ? HealthCheckResult.Healthy()
            : HealthCheckResult.Unhealthy("The decision log doesn't answer.");
    }
}
