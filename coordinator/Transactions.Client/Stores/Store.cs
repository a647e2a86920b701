using System.Text.Json;
using Transactions.Model;

namespace Transactions.Client;

internal sealed class Store(PartitionMap map, ShardAccess shards, StoreScope scope, JsonSerializerOptions json) : IStore
{
    public string Service => map.Service;

    public StoreCollection<T> Collection<T>(string name)
        where T : notnull
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        return new(name, map, new StoreSession(shards, scope), json);
    }
}
