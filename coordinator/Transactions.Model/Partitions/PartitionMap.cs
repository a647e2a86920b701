using System.Collections.Immutable;

namespace Transactions.Model;

/// <summary>Which shard of a service has which partition.</summary>
/// <remarks>Versioned: of two maps of a service the one with the greater version holds. Immutable and thread-safe.</remarks>
public sealed class PartitionMap
{
    private readonly ImmutableArray<ShardId> _shards;

    /// <summary>Makes a map.</summary>
    /// <param name="service">The service's name, as in its shards' ids.</param>
    /// <param name="version">1 or more.</param>
    /// <param name="shards">The shard of every partition, by number: <see cref="Partition.Count"/> of them, all the service's.</param>
    /// <exception cref="ArgumentException">A part is wrong; the message says which.</exception>
    public PartitionMap(string service, long version, ImmutableArray<ShardId> shards)
    {
        ArgumentNullException.ThrowIfNull(service);
        ArgumentOutOfRangeException.ThrowIfLessThan(version, 1);
        if (shards.IsDefault || shards.Length != Partition.Count)
        {
            throw new ArgumentException(
                $"A map of {(shards.IsDefault ? 0 : shards.Length)} partitions; name a shard for each of {Partition.Count}.",
                nameof(shards));
        }

        foreach (ShardId shard in shards)
        {
            if (!BelongsTo(shard, service))
            {
                throw new ArgumentException($"Shard '{shard}' isn't one of service '{service}'.", nameof(shards));
            }
        }

        Service = service;
        Version = version;
        _shards = shards;
    }

    /// <summary>The service's name.</summary>
    public string Service { get; }

    /// <summary>Counts the service's maps.</summary>
    public long Version { get; }

    /// <summary>How many partitions there are.</summary>
    public int Count => _shards.Length;

    /// <summary>Every shard, once, in order.</summary>
    public ImmutableArray<ShardId> Shards => [.. _shards.Distinct().Order()];

    /// <summary>A service's first map: all partitions in one shard, <c>service/0</c>.</summary>
    /// <exception cref="FormatException">The name isn't one that a shard's id can have.</exception>
    public static PartitionMap SingleShard(string service)
    {
        ShardId shard = ShardId.Parse($"{service}/0");
        return new(service, 1, [.. Enumerable.Repeat(shard, Partition.Count)]);
    }

    /// <summary>The shard that has a partition.</summary>
    public ShardId ShardOf(Partition partition) => _shards[partition.Number];

    /// <summary>The shard that has a key.</summary>
    public ShardId ShardOf(string key) => ShardOf(Partition.Of(key));

    private static bool BelongsTo(ShardId shard, string service) =>
        shard.Value.Length > service.Length + 1
        && shard.Value.StartsWith(service, StringComparison.Ordinal)
        && shard.Value[service.Length] == '/';
}
