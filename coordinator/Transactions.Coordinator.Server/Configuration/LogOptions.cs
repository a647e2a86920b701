using Transactions.Storage;

namespace Transactions.Coordinator.Server;

/// <summary>How a coordinator uses the decision log's PostgreSQL.</summary>
public sealed class LogOptions
{
    private static readonly StorageOptions Defaults = new() { ConnectionString = "" };

    /// <inheritdoc cref="StorageOptions.ReadConnections"/>
    public int ReadConnections { get; set; } = Defaults.ReadConnections;

    /// <summary>How many connections write at once. 4 to 1,000; default 8.</summary>
    public int WriteConnections { get; set; } = Defaults.WriteConnections;

    /// <inheritdoc cref="StorageOptions.ConnectTimeout"/>
    public TimeSpan ConnectTimeout { get; set; } = Defaults.ConnectTimeout.ToTimeSpan();

    /// <inheritdoc cref="StorageOptions.CommandTimeout"/>
    public TimeSpan CommandTimeout { get; set; } = Defaults.CommandTimeout.ToTimeSpan();

    /// <inheritdoc cref="StorageOptions.LockTimeout"/>
    public TimeSpan LockTimeout { get; set; } = Defaults.LockTimeout.ToTimeSpan();

    /// <inheritdoc cref="StorageOptions.MaxStartupPause"/>
    public TimeSpan MaxStartupPause { get; set; } = Defaults.MaxStartupPause.ToTimeSpan();
}
