using System.Collections.Concurrent;
using System.Collections.Immutable;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.Extensions.Logging;
using Polly;
using Polly.Retry;
using Transactions.Clocks;
using Transactions.Contracts;
using Transactions.Hosting;
using Transactions.Model;
using V1 = Transactions.Contracts.V1;

namespace Transactions.Participant.Server;

/// <summary>One duplex stream to one coordinator, dialled again whenever it breaks.</summary>
/// <remarks>Thread-safe. A broken stream means that all that was asked on it is unknown; the machines ask again.</remarks>
internal sealed class CoordinatorLink : IAsyncDisposable
{
    private const int MostQueuedFrames = 100_000;

    // A stream that lasted longer than any pause begins the backoff anew; one that didn't counts as one more failure.
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource _stopping = new();
    private readonly Uri _endpoint;
    private readonly string _identity;
    private readonly CoordinatorLinks _links;
    private readonly ParticipantHandshake _handshake;
    private readonly IBoundedClock _clock;
    private readonly TimeSpan _helloTimeout;
    private readonly TimeProvider _timeProvider;
    private readonly ILogger _logger;
    private readonly ResiliencePipeline _patience;
    private volatile OpenStream? _stream;
    private Task? _running;

    public CoordinatorLink(
        Uri endpoint,
        string identity,
        CoordinatorLinks links,
        ParticipantHandshake handshake,
        IBoundedClock clock,
        TimeSpan helloTimeout,
        TimeProvider timeProvider,
        ILogger logger)
    {
        (_helloTimeout, _timeProvider) = (helloTimeout, timeProvider);
        (_endpoint, _identity, _links, _handshake, _clock, _logger) = (endpoint, identity, links, handshake, clock, logger);
        _patience = new ResiliencePipelineBuilder { TimeProvider = timeProvider }
            .AddRetry(new RetryStrategyOptions
            {
                ShouldHandle = new PredicateBuilder().Handle<Exception>(_ => !_stopping.IsCancellationRequested),
                MaxRetryAttempts = int.MaxValue,
                BackoffType = DelayBackoffType.Exponential,
                UseJitter = true,
                Delay = TimeSpan.FromMilliseconds(50),
                MaxDelay = LongestPause,
                OnRetry = attempt =>
                {
                    Log.CoordinatorUnreachable(_logger, _endpoint, Reason(attempt.Outcome.Exception), attempt.RetryDelay);
                    return ValueTask.CompletedTask;
                },
            })
            .Build();
    }

    public void Start() => _running ??= Task.Run(RunAsync);

    /// <summary>Queues a shard's frame, if this stream was told that it is, or was, owned here.</summary>
    /// <remarks>
    /// A shard that stops still answers, and a stream begun meanwhile doesn't name it. Its coordinator would refuse the whole message
    /// and end the stream, for all shards; without the frame it asks the next owner.
    /// </remarks>
    public void Send(ShardFrame frame)
    {
        if (_stream is { } stream && stream.IsTold(frame.Owner))
        {
            Add(stream, ShardFrameMapping.ToWire(frame));
        }
    }

    /// <summary>Queues the word that a shard is owned here.</summary>
    public void Own(ShardEndpoint owned)
    {
        if (_stream is { } stream)
        {
            Add(stream, OwnershipMapping.ToOwn(owned));
            stream.Tell(owned.Owner);
        }
    }

    /// <summary>Queues the word that a shard is no longer owned here, if this stream was told that it is.</summary>
    public void Disown(ShardGeneration owner)
    {
        if (_stream is { } stream && stream.IsTold(owner))
        {
            Add(stream, OwnershipMapping.ToDisown(owner));
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        if (_running is { } running)
        {
            await running;
        }

        _stopping.Dispose();
    }

    // A queue that is full breaks the stream: the coordinator doesn't keep up.
    private static void Add(OpenStream stream, V1.ParticipantFrame frame)
    {
        if (!stream.Queue.TryAdd(frame))
        {
            Break(stream.Ending);
        }
    }

    // On a shard's loop: what the cancelling sets off isn't waited for.
    private static void Break(CancellationTokenSource stream)
    {
        try
        {
            _ = stream.CancelAsync();
        }
        catch (ObjectDisposedException)
        {
            // It ended meanwhile.
        }
    }

    private async Task RunAsync()
    {
        using GrpcChannel channel = GrpcChannel.ForAddress(_endpoint, new GrpcChannelOptions
        {
            MaxReceiveMessageSize = 4 * WireLimits.MaxMessageBytes,
            HttpHandler = new SocketsHttpHandler
            {
                KeepAlivePingDelay = TimeSpan.FromSeconds(5),
                KeepAlivePingTimeout = TimeSpan.FromSeconds(5),
                ConnectTimeout = TimeSpan.FromSeconds(5),
            },
        });
        V1.Coordinator.CoordinatorClient client = new(channel);
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                // Each stream that lasted begins the backoff anew.
                await _patience.ExecuteAsync(async _ => await RunStreamAsync(client), _stopping.Token);
            }
            catch (Exception) when (_stopping.IsCancellationRequested)
            {
                return;
            }
        }
    }

    private async Task RunStreamAsync(V1.Coordinator.CoordinatorClient client)
    {
        using CancellationTokenSource ending = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token);
        using AsyncDuplexStreamingCall<V1.ParticipantFrames, V1.CoordinatorFrames> call =
            client.Connect(cancellationToken: ending.Token);

        ImmutableArray<ShardEndpoint> told = _links.Owned;
        await call.RequestStream.WriteAsync(
            new V1.ParticipantFrames { Hello = _handshake.Introduce(_identity, told, _clock.Read().Now) }, ending.Token);
        await ReadHelloAsync(call.ResponseStream, ending.Token);

        if (!_handshake.TryAccept(call.ResponseStream.Current.Hello, out CoordinatorIntroduction? introduction, out Refusal? refusal))
        {
            throw RefusalMapping.ToRpcException(refusal);
        }

        long startedAt = _timeProvider.GetTimestamp();
        FrameQueue<V1.ParticipantFrame> queue = new(MostQueuedFrames);
        _stream = new OpenStream(queue, ending, told);
        Task sending = queue.DrainAsync(frames => WriteAsync(call.RequestStream, frames, ending.Token), ending.Token);
        _links.Connect(this, introduction.Coordinator, told);
        Log.CoordinatorConnected(_logger, introduction.Coordinator, _endpoint);
        try
        {
            await DeliverAsync(introduction.Coordinator, call.ResponseStream.Current, ending.Token);
            while (await call.ResponseStream.MoveNext(ending.Token))
            {
                await DeliverAsync(introduction.Coordinator, call.ResponseStream.Current, ending.Token);
            }
        }
        catch (Exception e) when (e is RpcException or OperationCanceledException or IOException)
        {
            Log.CoordinatorLost(_logger, introduction.Coordinator, _endpoint, Reason(e));
        }
        finally
        {
            _stream = null;
            _links.Disconnect(this, introduction.Coordinator);
            await ending.CancelAsync();
            await sending.ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        }

        if (_timeProvider.GetElapsedTime(startedAt) < LongestPause)
        {
            throw new RpcException(new Status(StatusCode.Unavailable, "the stream broke soon after its Hello"));
        }
    }

    private async Task ReadHelloAsync(IAsyncStreamReader<V1.CoordinatorFrames> stream, CancellationToken cancellationToken)
    {
        using CancellationTokenSource late = new(_helloTimeout, _timeProvider);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellationToken);
        try
        {
            if (!await stream.MoveNext(either.Token))
            {
                throw new RpcException(new Status(StatusCode.Unavailable, "the coordinator closed the stream before its Hello"));
            }
        }
        catch (Exception e) when (late.IsCancellationRequested && e is RpcException or OperationCanceledException)
        {
            throw new RpcException(new Status(StatusCode.DeadlineExceeded, $"the coordinator said no Hello within {_helloTimeout}"));
        }
    }

    private static Task WriteAsync(
        IClientStreamWriter<V1.ParticipantFrames> stream, IReadOnlyList<V1.ParticipantFrame> frames, CancellationToken cancellationToken)
    {
        V1.ParticipantFrames message = new();
        message.Frames.AddRange(frames);
        return stream.WriteAsync(message, cancellationToken);
    }

    // A shard whose queue is full holds up the reading, and so, by flow control, the coordinator.
    private async Task DeliverAsync(CoordinatorId from, V1.CoordinatorFrames message, CancellationToken cancellationToken)
    {
        foreach (V1.CoordinatorFrame wire in message.Frames)
        {
            if (!CoordinatorFrameMapping.TryRead(wire, out ShardId shard, out CoordinatorFrame? frame, out Refusal? refusal))
            {
                throw RefusalMapping.ToRpcException(refusal);
            }

            // A frame for a shard that isn't here is answered by nobody: its sender's directory will catch up.
            if (_links.Find(shard) is { } driver)
            {
                await driver.PostFrameAsync(new ShardEvent.FrameReceived(from, frame), cancellationToken);
            }
        }
    }

    private static string Reason(Exception? e) => e switch
    {
        RpcException rpc => $"{rpc.StatusCode}: {rpc.Status.Detail}",
        null => "closed",
        _ => e.Message,
    };

    // What belongs to one stream, so that nobody takes one's queue for another's knowledge.
    private sealed class OpenStream(
        FrameQueue<V1.ParticipantFrame> queue, CancellationTokenSource ending, ImmutableArray<ShardEndpoint> told)
    {
        // As the coordinator keeps it: the latest generation of each shard; earlier ones still speak.
        private readonly ConcurrentDictionary<ShardId, Generation> _told =
            new(told.Select(shard => KeyValuePair.Create(shard.Owner.Shard, shard.Owner.Generation)));

        public FrameQueue<V1.ParticipantFrame> Queue { get; } = queue;

        public CancellationTokenSource Ending { get; } = ending;

        public bool IsTold(ShardGeneration speaker) =>
            _told.TryGetValue(speaker.Shard, out Generation latest) && speaker.Generation <= latest;

        public void Tell(ShardGeneration owner) => _told.AddOrUpdate(
            owner.Shard, owner.Generation, (_, known) => known < owner.Generation ? owner.Generation : known);
    }
}
