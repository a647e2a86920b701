using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Threading.Channels;
using Grpc.Core;
using Microsoft.Extensions.Logging;
using Transactions.Contracts;
using Transactions.Model;
using V1 = Transactions.Contracts.V1;

namespace Transactions.Client;

// One stream to a Store, from its Hello until it breaks (single-socket channel, request pipeline). What waits is sent as one batch,
// never delayed to fill it; answers come in any order. When it breaks, what was sent and not answered is unknown.
internal sealed class StoreStream : IAsyncDisposable
{
    private readonly V1.Store.StoreClient _client;
    private readonly Uri _address;
    private readonly TransactionClientOptions _options;
    private readonly ClientClock _clock;
    private readonly ILogger _logger;
    private readonly Action<ImmutableArray<ShardEndpoint>> _learn;
    private readonly Channel<Pending> _queue;
    private readonly ConcurrentDictionary<ulong, Pending> _unanswered = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _running;
    private ulong _lastCorrelation;
    private volatile Exception? _broken;

    public StoreStream(
        V1.Store.StoreClient client,
        Uri address,
        TransactionClientOptions options,
        ClientClock clock,
        ILogger logger,
        Action<ImmutableArray<ShardEndpoint>> learn)
    {
        _client = client;
        _address = address;
        _options = options;
        _clock = clock;
        _logger = logger;
        _learn = learn;
        _queue = Channel.CreateBounded<Pending>(new BoundedChannelOptions(options.MaxQueuedRequests) { SingleReader = true });

        // It outlives the transaction that made it, and must not run inside of it.
        using AsyncFlowControl _ = ExecutionContext.SuppressFlow();
        _running = Task.Run(RunAsync);
    }

    public bool IsBroken => _broken is not null;

    public async Task<V1.StoreReply> AskAsync(ShardId shard, V1.StoreRequest request, CancellationToken cancellationToken)
    {
        request.Correlation = Interlocked.Increment(ref _lastCorrelation);
        Pending pending = new(shard, request);
        _unanswered[request.Correlation] = pending;
        if (!_queue.Writer.TryWrite(pending))
        {
            _unanswered.TryRemove(request.Correlation, out _);
            throw _broken is { } cause
                ? Unreachable(pending, cause)
                : new ShardUnreachableException(shard, wasSent: false,
                    $"{_options.MaxQueuedRequests} requests wait for the Store at {_address} already; send fewer at once, or raise MaxQueuedRequests.");
        }

        using CancellationTokenRegistration stopWaiting = cancellationToken.UnsafeRegister(
            static (waiting, token) => ((Pending)waiting!).TrySetCanceled(token), pending);
        try
        {
            return await pending.Task;
        }
        finally
        {
            _unanswered.TryRemove(request.Correlation, out _);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        try
        {
            using AsyncDuplexStreamingCall<V1.StoreRequests, V1.StoreReplies> call = _client.Connect(cancellationToken: _stop.Token);
            await GreetAsync(call);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
            Task writing = WriteAsync(call.RequestStream, either.Token);
            Task reading = ReadAsync(call.ResponseStream, either.Token);
            Task first = await Task.WhenAny(writing, reading);
            await either.CancelAsync();

            // Whether a request was sent is known only when nobody sends any more.
            await Task.WhenAll(writing, reading).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await first;
            Break(new InvalidOperationException("The owner closed the stream."));
        }
        catch (Exception failure)
        {
            Break(failure);
        }
    }

    // Nothing is sent before both sides know that they belong together.
    private async Task GreetAsync(AsyncDuplexStreamingCall<V1.StoreRequests, V1.StoreReplies> call)
    {
        using CancellationTokenSource bound = _clock.CancelAfter(_options.ConnectTimeout);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(bound.Token, _stop.Token);
        V1.StoreRequests hello = new() { Hello = ClientHandshake.IntroduceToStore(_options.Cluster, _options.ClientId) };
        await call.RequestStream.WriteAsync(hello, either.Token);
        if (!await call.ResponseStream.MoveNext(either.Token))
        {
            throw new InvalidOperationException("The owner closed the stream without a word.");
        }

        V1.StoreReplies first = call.ResponseStream.Current;
        if (first.Hello is not { } welcome || welcome.ProtocolVersion != WireLimits.ProtocolVersion || welcome.Cluster != _options.Cluster)
        {
            throw new InvalidOperationException(
                $"The owner answered as protocol {first.Hello?.ProtocolVersion}, cluster '{first.Hello?.Cluster}'; this side speaks "
                + $"{WireLimits.ProtocolVersion} and belongs to '{_options.Cluster}'.");
        }

        if (OwnershipMapping.TryRead(welcome.Owned, "owned", out ImmutableArray<ShardEndpoint> owned, out _))
        {
            _learn(owned);
            Log.StoreConnected(_logger, _address, string.Join(", ", owned.Select(o => o.Owner.ToString())));
        }

        Complete(first);
    }

    private async Task WriteAsync(IClientStreamWriter<V1.StoreRequests> stream, CancellationToken cancellationToken)
    {
        while (await _queue.Reader.WaitToReadAsync(cancellationToken))
        {
            V1.StoreRequests batch = new();
            int bytes = 0;
            while (batch.Requests.Count < WireLimits.MaxFramesPerMessage && _queue.Reader.TryPeek(out Pending? next))
            {
                // One that is larger than a message may be goes alone.
                int size = next.Request.CalculateSize();
                if (batch.Requests.Count > 0 && bytes + size > WireLimits.MaxMessageBytes)
                {
                    break;
                }

                _queue.Reader.TryRead(out _);
                if (!next.Task.IsCompleted)
                {
                    next.IsSent = true;
                    batch.Requests.Add(next.Request);
                    bytes += size;
                }
            }

            if (batch.Requests.Count > 0)
            {
                await stream.WriteAsync(batch, cancellationToken);
            }
        }
    }

    private async Task ReadAsync(IAsyncStreamReader<V1.StoreReplies> stream, CancellationToken cancellationToken)
    {
        while (await stream.MoveNext(cancellationToken))
        {
            Complete(stream.Current);
        }
    }

    private void Complete(V1.StoreReplies replies)
    {
        foreach (V1.StoreReply reply in replies.Replies)
        {
            if (_unanswered.TryGetValue(reply.Correlation, out Pending? pending))
            {
                pending.TrySetResult(reply);
            }
        }
    }

    private void Break(Exception cause)
    {
        _broken = cause;
        _queue.Writer.TryComplete();
        if (!_stop.IsCancellationRequested)
        {
            Log.StoreBroke(_logger, _address, Tell(cause), _unanswered.Count);
        }

        foreach (Pending pending in _unanswered.Values)
        {
            pending.TrySetException(Unreachable(pending, cause));
        }
    }

    private ShardUnreachableException Unreachable(Pending pending, Exception cause) => new(
        pending.Shard,
        pending.IsSent,
        $"The stream to the Store at {_address}, for shard {pending.Shard}, "
        + $"{(pending.IsSent ? "broke before it answered" : "couldn't be used, and nothing was sent")}: {Tell(cause)}",
        cause);

    private static string Tell(Exception cause) => cause is RpcException rpc ? $"{rpc.StatusCode}: {rpc.Status.Detail}" : cause.Message;

    private sealed class Pending(ShardId shard, V1.StoreRequest request)
        : TaskCompletionSource<V1.StoreReply>(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        private volatile bool _isSent;

        public ShardId Shard => shard;

        public V1.StoreRequest Request => request;

        public bool IsSent
        {
            get => _isSent;
            set => _isSent = value;
        }
    }
}
