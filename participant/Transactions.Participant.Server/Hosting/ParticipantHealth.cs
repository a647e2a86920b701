using Microsoft.Extensions.Diagnostics.HealthChecks;
using Transactions.Clocks;

namespace Transactions.Participant.Server;

/// <summary>Healthy when the clock is, every shard configured is owned here, and a coordinator is connected.</summary>
internal sealed class ParticipantHealth(ParticipantHost host, IBoundedClock clock) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(Check());

    private HealthCheckResult Check()
    {
        ClockReading reading = clock.Read();
        if (!reading.IsHealthy)
        {
            return HealthCheckResult.Unhealthy($"The clock is unhealthy: {reading.Health.Message}");
        }

        IReadOnlyList<ShardDriver> shards = host.Shards;
        if (shards.Count < host.WantedCount)
        {
            return HealthCheckResult.Unhealthy($"Waiting for PostgreSQL: {shards.Count} of {host.WantedCount} shards are open.");
        }

        if (host.ConnectedCoordinators == 0)
        {
            return HealthCheckResult.Unhealthy("No coordinator is connected.");
        }

        List<string> notServed =
            [.. shards.Where(shard => shard.Phase != OwnershipPhase.Serving).Select(shard => $"{shard.Shard} is {shard.Phase}")];
        return notServed.Count == 0
            ? HealthCheckResult.Healthy($"{shards.Count} shards are served; {host.ConnectedCoordinators} coordinators are connected.")
            : HealthCheckResult.Unhealthy(string.Join(", ", notServed));
    }
}
