using System.Collections.Concurrent;
using System.Threading.Channels;
using Grpc.Core;
using NodaTime;
using Transactions.Clocks;
using Transactions.Contracts;
using Transactions.Model;
using Xunit;
using V1 = Transactions.Contracts.V1;

namespace Transactions.IntegrationTests.Coordinator;

/// <summary>A participant's half of Connect, without shards behind it: honest unless a test scripts it.</summary>
public sealed class FakeParticipant : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    private readonly AsyncDuplexStreamingCall<V1.ParticipantFrames, V1.CoordinatorFrames> _call;
    private readonly Dictionary<ShardId, ShardGeneration> _owned;
    private readonly Func<ShardGeneration, CoordinatorFrame, ShardFrame?> _respond;
    private readonly Channel<CoordinatorFrame> _received = Channel.CreateUnbounded<CoordinatorFrame>();
    private readonly ConcurrentQueue<CoordinatorFrame> _all = new();
    private readonly SemaphoreSlim _writing = new(1, 1);
    private Task _reading = Task.CompletedTask;

    private FakeParticipant(
        AsyncDuplexStreamingCall<V1.ParticipantFrames, V1.CoordinatorFrames> call,
        ShardGeneration[] owned,
        Func<ShardGeneration, CoordinatorFrame, ShardFrame?> respond)
    {
        (_call, _respond) = (call, respond);
        _owned = owned.ToDictionary(o => o.Shard);
    }

    /// <summary>Every frame that came.</summary>
    public IReadOnlyCollection<CoordinatorFrame> Received => _all;

    /// <summary>Whom it talks to.</summary>
    public CoordinatorIntroduction Coordinator { get; private set; } = null!;

    /// <summary>The end of the stream: a status, or nothing.</summary>
    public Task Ended => _reading.WaitAsync(Patience, TimeProvider.System);

    /// <summary>Connects an honest participant that owns these shards.</summary>
    public static Task<FakeParticipant> ConnectAsync(TestCoordinator coordinator, params ShardGeneration[] owned) =>
        ConnectAsync(coordinator, Honest, owned);

    /// <summary>Connects one that answers frames as a test says.</summary>
    public static async Task<FakeParticipant> ConnectAsync(
        TestCoordinator coordinator, Func<ShardGeneration, CoordinatorFrame, ShardFrame?> respond, params ShardGeneration[] owned)
    {
        FakeParticipant participant = new(coordinator.Calls.Connect(), owned, respond);
        await WriteAsync(participant._call, new() { Hello = Hello(owned) });
        Assert.True(await participant._call.ResponseStream.MoveNext());
        Assert.True(TestCluster.Handshake.TryAccept(
            participant._call.ResponseStream.Current.Hello, out CoordinatorIntroduction? introduction, out Refusal? refusal), refusal?.Message);
        participant.Coordinator = introduction;
        participant._reading = participant.ReadAsync();
        return participant;
    }

    /// <summary>An honest participant's Hello, to be spoiled.</summary>
    public static V1.ParticipantHello Hello(params ShardGeneration[] owned) => TestCluster.Handshake.Introduce(
        "fake", owned.Select(o => new ShardEndpoint(o, "http://127.0.0.1:1")), TestClient.Now);

    /// <summary>Says one Hello and waits for the answer, whatever it is.</summary>
    public static async Task SayAsync(TestCoordinator coordinator, V1.ParticipantFrames first)
    {
        using AsyncDuplexStreamingCall<V1.ParticipantFrames, V1.CoordinatorFrames> call = coordinator.Calls.Connect();
        await WriteAsync(call, first);
        Assert.True(await call.ResponseStream.MoveNext());
    }

    /// <summary>What a healthy shard would answer.</summary>
    public static ShardFrame? Honest(ShardGeneration owner, CoordinatorFrame frame) => frame switch
    {
        CoordinatorFrame.Prepare prepare => new ShardFrame.Voted(
            prepare.Id, owner, Vote.Yes(prepare.Floor, prepare.Floor.Plus(Duration.FromSeconds(10)))),
        CoordinatorFrame.CommitOnePhase commit => new ShardFrame.OnePhaseEnded(commit.Id, owner, Outcome.Committed(commit.Floor)),
        CoordinatorFrame.Ended { Outcome.IsCommitted: true } ended => new ShardFrame.Applied(ended.Id, owner),
        CoordinatorFrame.ResolveOnePhase resolve => new ShardFrame.Resolved(
            resolve.Id, owner, ShardResolution.Of(ShardResolutionKind.NotCommitted)),
        _ => null,
    };

    /// <summary>A shard that never answers.</summary>
    public static ShardFrame? Silent(ShardGeneration owner, CoordinatorFrame frame) => null;

    /// <summary>Sends frames in one message.</summary>
    public Task SendAsync(params ShardFrame[] frames)
    {
        V1.ParticipantFrames message = new();
        message.Frames.AddRange(frames.Select(ShardFrameMapping.ToWire));
        return SendAsync(message);
    }

    /// <summary>Sends a message as it is.</summary>
    public async Task SendAsync(V1.ParticipantFrames message)
    {
        await _writing.WaitAsync();
        try
        {
            await WriteAsync(_call, message);
        }
        finally
        {
            _writing.Release();
        }
    }

    /// <summary>Waits for a frame of a kind about a transaction, passing over others.</summary>
    public async Task<T> ExpectAsync<T>(TransactionId id)
        where T : CoordinatorFrame
    {
        using CancellationTokenSource timeout = new(Patience, TimeProvider.System);
        await foreach (CoordinatorFrame frame in _received.Reader.ReadAllAsync(timeout.Token))
        {
            if (frame is T wanted && frame.Id == id)
            {
                return wanted;
            }
        }

        throw new InvalidOperationException($"The stream ended without a {typeof(T).Name} for {id}.");
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _call.Dispose();
        await _reading.ContinueWith(
            ended => ended.Exception, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        _writing.Dispose();
    }

    private async Task ReadAsync()
    {
        try
        {
            while (await _call.ResponseStream.MoveNext())
            {
                foreach (V1.CoordinatorFrame wire in _call.ResponseStream.Current.Frames)
                {
                    Assert.True(CoordinatorFrameMapping.TryRead(wire, out ShardId shard, out CoordinatorFrame? frame, out _));
                    _all.Enqueue(frame);
                    _received.Writer.TryWrite(frame);
                    if (_respond(_owned[shard], frame) is { } reply)
                    {
                        await SendAsync(reply);
                    }
                }
            }
        }
        finally
        {
            _received.Writer.TryComplete();
        }
    }

    // A stream that has ended takes nothing more; reading on says why it ended.
    private static async Task WriteAsync(
        AsyncDuplexStreamingCall<V1.ParticipantFrames, V1.CoordinatorFrames> call, V1.ParticipantFrames message)
    {
        try
        {
            await call.RequestStream.WriteAsync(message);
        }
        catch (Exception e) when (e is RpcException or InvalidOperationException)
        {
        }
    }
}
