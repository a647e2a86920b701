using System.Collections.Immutable;
using Grpc.Net.Client;
using Microsoft.Extensions.Logging;
using Transactions.Contracts;
using Transactions.Model;
using V1 = Transactions.Contracts.V1;

namespace Transactions.Client;

// The way to one process that owns shards: one stream at a time, made anew by the request that finds it broken.
internal sealed class StoreLink(
    Uri address, TransactionClientOptions options, ClientClock clock, ILogger logger, Action<ImmutableArray<ShardEndpoint>> learn)
    : IAsyncDisposable
{
    private readonly Lock _lock = new();
    private readonly GrpcChannel _channel = Channels.Open(address, options.ConnectTimeout);
    private StoreStream? _stream;
    private bool _isDisposed;

    // ShardUnreachableException: no answer came, and it says whether the request was sent.
    public Task<V1.StoreReply> AskAsync(ShardId shard, V1.StoreRequest request, CancellationToken cancellationToken) =>
        Stream(shard).AskAsync(shard, request, cancellationToken);

    public async ValueTask DisposeAsync()
    {
        StoreStream? stream;
        lock (_lock)
        {
            _isDisposed = true;
            stream = _stream;
        }

        if (stream is not null)
        {
            await stream.DisposeAsync();
        }

        _channel.Dispose();
    }

    private StoreStream Stream(ShardId shard)
    {
        lock (_lock)
        {
            if (_isDisposed)
            {
                throw new ShardUnreachableException(shard, wasSent: false, "The client is disposed.");
            }

            if (_stream is null or { IsBroken: true })
            {
                _stream = new StoreStream(new V1.Store.StoreClient(_channel), address, options, clock, logger, learn);
            }

            return _stream;
        }
    }
}
