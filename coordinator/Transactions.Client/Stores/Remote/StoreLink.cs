using System.Collections.Immutable;
using Grpc.Net.Client;
using Microsoft.Extensions.Logging;
using Transactions.Contracts;
using Transactions.Model;
using V1 = Transactions.Contracts.V1;

namespace Transactions.Client;

// The way to one process that owns shards: its channel and its stream.
internal sealed class StoreLink : IAsyncDisposable
{
    private readonly GrpcChannel _channel;
    private readonly OneStream<StoreStream> _stream;

    public StoreLink(
        Uri address, TransactionClientOptions options, ClientClock clock, ILogger logger, Action<ImmutableArray<ShardEndpoint>> learn)
    {
        _channel = Channels.Open(address, options.ConnectTimeout);
        V1.Store.StoreClient client = new(_channel);
        _stream = new(() => new(client, address, options, clock, logger, learn));
    }

    // ShardUnreachableException: no answer came, and it says whether the request was sent.
    public async Task<V1.StoreReply> AskAsync(ShardId shard, V1.StoreRequest request, CancellationToken cancellationToken)
    {
        StoreStream stream = _stream.Current()
            ?? throw new ShardUnreachableException(shard, wasSent: false, "The client is disposed.");
        try
        {
            return await stream.AskAsync(request, cancellationToken);
        }
        catch (UnansweredException failure)
        {
            throw new ShardUnreachableException(shard, failure.WasSent, $"{failure.Message} (shard {shard})", failure.InnerException);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stream.DisposeAsync();
        _channel.Dispose();
    }
}
