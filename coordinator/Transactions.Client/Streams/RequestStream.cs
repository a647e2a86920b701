using System.Collections.Concurrent;
using System.Threading.Channels;
using Google.Protobuf;
using Google.Protobuf.Collections;
using Grpc.Core;
using Transactions.Contracts;

namespace Transactions.Client;

// One duplex stream to a peer, from its Hello until it breaks (single-socket channel, request pipeline). What waits is sent as one
// batch, never delayed to fill it; replies come in any order. When it breaks, what was sent and not answered is unknown.
internal abstract class RequestStream<TRequests, TReplies, TRequest, TReply> : IRequestStream
    where TRequest : class, IMessage
    where TReplies : class
    where TReply : class
{
    private readonly ClientClock _clock;
    private readonly Channel<Pending> _queue;
    private readonly ConcurrentDictionary<ulong, Pending> _unanswered = new();
    private readonly CancellationTokenSource _stop = new();
    private Task _running = Task.CompletedTask;
    private ulong _lastCorrelation;
    private volatile bool _wasWelcomed;
    private volatile Exception? _broken;

    protected RequestStream(string peer, TransactionClientOptions options, ClientClock clock)
    {
        (Peer, Options, _clock) = (peer, options, clock);
        _queue = Channel.CreateBounded<Pending>(new BoundedChannelOptions(options.MaxQueuedRequests) { SingleReader = true });
    }

    public bool IsBroken => _broken is not null;

    // Whose stream it is, for people.
    protected string Peer { get; }

    protected TransactionClientOptions Options { get; }

    // Once, before the first request.
    public void Start()
    {
        // It outlives the transaction that made it, and must not run inside of it.
        using AsyncFlowControl _ = ExecutionContext.SuppressFlow();
        _running = Task.Run(RunAsync);
    }

    // UnansweredException: no reply came. Its caller may stop waiting, which a peer that can be told is told.
    public async Task<TReply> AskAsync(TRequest request, CancellationToken cancellationToken)
    {
        ulong correlation = Interlocked.Increment(ref _lastCorrelation);
        Number(request, correlation);
        Pending pending = new(request);
        _unanswered[correlation] = pending;
        if (!_queue.Writer.TryWrite(pending))
        {
            _unanswered.TryRemove(correlation, out _);
            throw _broken is { } cause ? Unanswered(pending, cause) : UnansweredException.Full(Peer, Options.MaxQueuedRequests);
        }

        using CancellationTokenRegistration stopWaiting = cancellationToken.UnsafeRegister(
            static (waiting, token) => ((Pending)waiting!).TrySetCanceled(token), pending);
        try
        {
            return await pending.Task;
        }
        catch (OperationCanceledException)
        {
            Withdraw(pending, correlation);
            throw;
        }
        finally
        {
            _unanswered.TryRemove(correlation, out _);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    protected abstract AsyncDuplexStreamingCall<TRequests, TReplies> Open(CancellationToken cancellationToken);

    protected abstract TRequests Hello();

    // The peer's answer to Hello, which is all right so far.
    protected abstract void Welcome(TReplies first);

    // What it speaks and belongs to; null where there is no Hello.
    protected abstract (int Version, string Cluster)? IdentityIn(TReplies first);

    protected abstract TRequests NewBatch(IEnumerable<TRequest> requests);

    protected abstract RepeatedField<TReply> RepliesIn(TReplies batch);

    protected abstract void Number(TRequest request, ulong correlation);

    protected abstract ulong CorrelationOf(TReply reply);

    // Tells the peer that nobody waits for a reply any more; null where it can't be told.
    protected abstract TRequest? Cancel(ulong correlation);

    protected abstract void LogBroken(string reason, int unanswered);

    private async Task RunAsync()
    {
        try
        {
            using AsyncDuplexStreamingCall<TRequests, TReplies> call = Open(_stop.Token);
            await GreetAsync(call);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
            Task writing = WriteAsync(call.RequestStream, either.Token);
            Task reading = ReadAsync(call.ResponseStream, either.Token);
            Task first = await Task.WhenAny(writing, reading);
            await either.CancelAsync();

            // Whether a request was sent is known only when nobody sends any more.
            await Task.WhenAll(writing, reading).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

            Break(WhyPeerEnded(reading) ?? WhyPeerEnded(writing) ?? first.Exception?.GetBaseException()
                ?? new InvalidOperationException("The peer closed the stream."));
        }
        catch (Exception failure)
        {
            Break(failure);
        }
    }

    // A status of the peer's says more than that the stream can't be used any more, or that the other half was stopped for it.
    private static RpcException? WhyPeerEnded(Task half) =>
        half.Exception?.GetBaseException() is RpcException { StatusCode: not StatusCode.Cancelled } told ? told : null;

    // Nothing is sent before both sides know that they belong together.
    private async Task GreetAsync(AsyncDuplexStreamingCall<TRequests, TReplies> call)
    {
        using CancellationTokenSource bound = _clock.CancelAfter(Options.ConnectTimeout);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(bound.Token, _stop.Token);
        TReplies first;
        try
        {
            await WriteHelloAsync(call.RequestStream, either.Token);
            first = await call.ResponseStream.MoveNext(either.Token)
                ? call.ResponseStream.Current
                : throw new InvalidOperationException("The peer closed the stream without a word.");
        }
        catch (Exception late) when (bound.IsCancellationRequested && !_stop.IsCancellationRequested
            && late is OperationCanceledException or RpcException { StatusCode: StatusCode.Cancelled })
        {
            throw new TimeoutException($"The peer didn't answer Hello within {Options.ConnectTimeout}.", late);
        }

        if (IdentityIn(first) is not { } identity || identity != (WireLimits.ProtocolVersion, Options.Cluster))
        {
            (int Version, string Cluster)? told = IdentityIn(first);
            throw new InvalidOperationException(
                $"The peer answered as protocol {told?.Version}, cluster '{told?.Cluster}'; this side speaks "
                + $"{WireLimits.ProtocolVersion} and belongs to '{Options.Cluster}'.");
        }

        _wasWelcomed = true;
        Welcome(first);
        Complete(first);
    }

    // A peer that refuses before it has read the Hello says why to the reader; the writer only finds that the stream is over.
    private async Task WriteHelloAsync(IClientStreamWriter<TRequests> stream, CancellationToken cancellationToken)
    {
        try
        {
            await stream.WriteAsync(Hello(), cancellationToken);
        }
        catch (InvalidOperationException)
        {
        }
    }

    private async Task WriteAsync(IClientStreamWriter<TRequests> stream, CancellationToken cancellationToken)
    {
        List<TRequest> batch = [];
        while (await _queue.Reader.WaitToReadAsync(cancellationToken))
        {
            batch.Clear();
            int bytes = 0;
            while (batch.Count < WireLimits.MaxFramesPerMessage && _queue.Reader.TryPeek(out Pending? next))
            {
                // One that is larger than a message may be goes alone. What its field costs beside it is counted, too.
                int size = next.Request.CalculateSize();
                size += 1 + CodedOutputStream.ComputeLengthSize(size);
                if (batch.Count > 0 && bytes + size > WireLimits.MaxMessageBytes)
                {
                    break;
                }

                _queue.Reader.TryRead(out _);
                if (next.TrySend())
                {
                    batch.Add(next.Request);
                    bytes += size;
                }
            }

            if (batch.Count > 0)
            {
                await stream.WriteAsync(NewBatch(batch), cancellationToken);
            }
        }
    }

    private async Task ReadAsync(IAsyncStreamReader<TReplies> stream, CancellationToken cancellationToken)
    {
        while (await stream.MoveNext(cancellationToken))
        {
            Complete(stream.Current);
        }
    }

    private void Complete(TReplies replies)
    {
        foreach (TReply reply in RepliesIn(replies))
        {
            if (_unanswered.TryGetValue(CorrelationOf(reply), out Pending? pending))
            {
                pending.TrySetResult(reply);
            }
        }
    }

    // What isn't sent yet never will be; the peer is told of the rest if there is room, and if not its reply finds nobody.
    private void Withdraw(Pending pending, ulong correlation)
    {
        if (!pending.TryWithdraw() && Cancel(correlation) is { } cancel)
        {
            Number(cancel, correlation);
            _queue.Writer.TryWrite(new(cancel));
        }
    }

    private void Break(Exception cause)
    {
        _broken = cause;
        _queue.Writer.TryComplete();
        if (!_stop.IsCancellationRequested)
        {
            LogBroken(UnansweredException.Tell(cause), _unanswered.Count);
        }

        foreach (Pending pending in _unanswered.Values)
        {
            pending.TrySetException(Unanswered(pending, cause));
        }
    }

    private UnansweredException Unanswered(Pending pending, Exception cause) =>
        UnansweredException.Broken(Peer, pending.IsSent, _wasWelcomed, cause);

    private sealed class Pending(TRequest request) : TaskCompletionSource<TReply>(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        private const int Waiting = 0;
        private const int Sent = 1;
        private const int Withdrawn = 2;

        private int _state = Waiting;

        public TRequest Request => request;

        public bool IsSent => Volatile.Read(ref _state) == Sent;

        // One of the two happens: what was withdrawn isn't sent, and who withdraws knows whether it was.
        public bool TrySend() => Interlocked.CompareExchange(ref _state, Sent, Waiting) == Waiting;

        public bool TryWithdraw() => Interlocked.CompareExchange(ref _state, Withdrawn, Waiting) == Waiting;
    }
}
