using System.Collections.ObjectModel;

namespace Transactions.Participant.Server;

/// <summary>The shards that a participant wants to own.</summary>
public sealed class ShardList : Collection<ShardSettings>
{
    /// <summary>Adds a service's only shard: <c>payments</c> becomes <c>payments/0</c>.</summary>
    /// <param name="service">The service's name, or a whole shard id.</param>
    /// <param name="connectionString">Npgsql's connection string of its database.</param>
    public void Add(string service, string connectionString)
    {
        ArgumentNullException.ThrowIfNull(service);
        Add(new ShardSettings { Shard = service.Contains('/') ? service : $"{service}/0", ConnectionString = connectionString });
    }
}
