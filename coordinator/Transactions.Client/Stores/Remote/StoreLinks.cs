using System.Collections.Concurrent;
using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Transactions.Contracts;

namespace Transactions.Client;

// One link for each process that owns shards.
internal sealed class StoreLinks(TransactionClientOptions options, ClientClock clock, ILogger logger) : IAsyncDisposable
{
    private readonly ConcurrentDictionary<Uri, Lazy<StoreLink>> _links = new();

    // Owners say at Hello what they own.
    public event Action<ImmutableArray<ShardEndpoint>>? OwnersLearned;

    public StoreLink To(Uri address) => _links.GetOrAdd(
        address, uri => new(() => new StoreLink(uri, options, clock, logger, owned => OwnersLearned?.Invoke(owned)))).Value;

    public async ValueTask DisposeAsync()
    {
        foreach (Lazy<StoreLink> link in _links.Values)
        {
            await link.Value.DisposeAsync();
        }
    }
}
