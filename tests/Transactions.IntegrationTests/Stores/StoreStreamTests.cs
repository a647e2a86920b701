using System.Threading.Channels;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.Extensions.Logging;
using Transactions.Client;
using Transactions.Contracts;
using Transactions.Contracts.V1;
using Transactions.IntegrationTests.Coordinator;
using Transactions.Participant;
using Transactions.Participant.Server;
using Xunit;
using StoreStream = Transactions.Participant.Server.StoreStream;

namespace Transactions.IntegrationTests.Stores;

/// <summary>Section 7: what one client's stream may ask for at once, and that every request of it is answered.</summary>
public sealed class StoreStreamTests : IAsyncDisposable
{
    private readonly Channel<StoreRequests> _requests = Channel.CreateUnbounded<StoreRequests>();
    private readonly Channel<StoreReply> _replies = Channel.CreateUnbounded<StoreReply>();
    private readonly LogLines _log = new();
    private readonly Calls _calls = new();
    private readonly CancellationTokenSource _gone = CancellationTokenSource.CreateLinkedTokenSource(Token);
    private Task _running = Task.CompletedTask;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task RunAsync_MoreUnansweredThanAllowed_RefusesTheRestUntilThereIsRoom()
    {
        Run(maxRequests: 2);
        Send(1);
        Send(2);
        Send(3);

        StoreReply refused = await ReadAsync();
        Assert.Equal(3u, refused.Correlation);
        Assert.Equal((int)StatusCode.ResourceExhausted, refused.Refused.Status.Code);
        Assert.Contains("MaxRequestsPerStream", refused.Refused.Status.Message, StringComparison.Ordinal);
        Assert.Null(refused.Refused.Admitted);
        Assert.Equal(2, _calls.Started.Count);

        _calls.Started[0].SetResult(Answer());
        Assert.Equal(1u, (await ReadAsync()).Correlation);
        Send(4);
        await UntilStartedAsync(3);
        _calls.Started[2].SetResult(Answer());
        Assert.Equal(4u, (await ReadAsync()).Correlation);
    }

    [Fact]
    public async Task RunAsync_ShardWithoutRoom_ReadsNoFurtherUntilThereIs()
    {
        _calls.Room = new TaskCompletionSource();
        Run(maxRequests: 10);
        Send(1);
        await UntilAsync(() => _calls.Asked == 1);
        Send(2);
        Assert.True(_requests.Reader.TryPeek(out _));

        _calls.Room.SetResult();

        await UntilStartedAsync(2);
        _calls.Started[1].SetResult(Answer());
        Assert.Equal(2u, (await ReadAsync()).Correlation);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task RunAsync_UnexpectedFailure_IsAnsweredInternalAndLoggedAndTheStreamGoesOn(bool atOnce)
    {
        _calls.Failure = atOnce ? new InvalidOperationException("broken") : null;
        Run(maxRequests: 1);
        Send(1);
        if (!atOnce)
        {
            await UntilStartedAsync(1);
            _calls.Started[0].SetException(new InvalidOperationException("broken"));
        }

        StoreReply reply = await ReadAsync();
        Assert.Equal(1u, reply.Correlation);
        Assert.Equal((int)StatusCode.Internal, reply.Refused.Status.Code);
        Assert.DoesNotContain("broken", reply.Refused.Status.Message, StringComparison.Ordinal);

        // X2: it says nothing of what became of the request, so that its client takes it for unknown.
        Assert.False(StoreMapping.TryRead(reply, out _, out _));
        Assert.Contains(_log.All, line => line.Id == 2104 && line.Text.Contains("broken", StringComparison.Ordinal));

        _calls.Failure = null;
        int started = _calls.Started.Count;
        Send(2);
        await UntilStartedAsync(started + 1);
        _calls.Started[started].SetResult(Answer());
        Assert.Equal(2u, (await ReadAsync()).Correlation);
    }

    [Fact]
    public async Task RunAsync_ClientEndsItsSideWhileRequestsAreUnderWay_EndsAfterTheLastReply()
    {
        Run(maxRequests: 10);
        Send(1);
        Send(2);
        await UntilStartedAsync(2);
        _requests.Writer.Complete();
        await Task.WhenAny(_running, Task.Delay(TimeSpan.FromMilliseconds(200), TimeProvider.System, Token));
        Assert.False(_running.IsCompleted);

        _calls.Started[1].SetResult(Answer());
        Assert.Equal(2u, (await ReadAsync()).Correlation);
        Assert.False(_running.IsCompleted);
        _calls.Started[0].SetResult(Answer());
        Assert.Equal(1u, (await ReadAsync()).Correlation);
        await _running.WaitAsync(TimeSpan.FromSeconds(30), TimeProvider.System, Token);
    }

    [Fact]
    public async Task RunAsync_ConnectionGoneWhileRequestsAreUnderWay_EndsWithoutTheirReplies()
    {
        Run(maxRequests: 10);
        Send(1);
        await UntilStartedAsync(1);

        await _gone.CancelAsync();

        await _running.WaitAsync(TimeSpan.FromSeconds(30), TimeProvider.System, Token);
        Assert.False(_replies.Reader.TryRead(out _));
    }

    [Theory]
    [InlineData("hello", 0)]
    [InlineData("requests", WireLimits.MaxFramesPerMessage + 1)]
    public async Task RunAsync_MessageBeyondItsLimits_EndsTheStreamAndStartsNothing(string field, int requests)
    {
        Run(maxRequests: 10_000);
        StoreRequests message = new() { Hello = field == "hello" ? new StoreHello() : null };
        message.Requests.AddRange(Enumerable.Range(1, requests).Select(i => Request((ulong)i)));
        _requests.Writer.TryWrite(message);

        await Refused.FieldAsync(field, () => _running);

        Assert.Equal(0, _calls.Asked);
        _running = Task.CompletedTask;
    }

    [Fact]
    public async Task RunAsync_ClientThatNeverReads_EndsAndSaysSo()
    {
        StoreStream stream = new(_calls, new Reader(_requests.Reader), new DeafWriter(), maxRequests: 0, _log);
        Task running = stream.RunAsync([], _gone.Token);

        for (int sent = 0; sent < StoreStream.MostQueuedReplies + (2 * WireLimits.MaxFramesPerMessage); sent += WireLimits.MaxFramesPerMessage)
        {
            StoreRequests message = new();
            message.Requests.AddRange(Enumerable.Range(sent + 1, WireLimits.MaxFramesPerMessage).Select(i => Request((ulong)i)));
            _requests.Writer.TryWrite(message);
        }

        await running.WaitAsync(TimeSpan.FromSeconds(30), TimeProvider.System, Token);
        Assert.True(stream.HasOverflowed);
    }

    public async ValueTask DisposeAsync()
    {
        _requests.Writer.TryComplete();
        _calls.Started.ForEach(started => started.TrySetResult(Answer()));
        await _running;
        _gone.Dispose();
    }

    private void Run(int maxRequests)
    {
        StoreStream stream = new(_calls, new Reader(_requests.Reader), new Writer(_replies.Writer), maxRequests, _log);
        _running = stream.RunAsync([], _gone.Token);
    }

    private void Send(ulong correlation) => _requests.Writer.TryWrite(new StoreRequests { Requests = { Request(correlation) } });

    private static StoreRequest Request(ulong correlation) => new()
    {
        Correlation = correlation,
        GetAt = new GetAtRequest { Shard = "solo/0", Collection = "things", Keys = { "a" } },
    };

    private static ShardAnswer Answer() => new ShardAnswer.Read(default, new OperationResult.Found([null]));

    private async Task<StoreReply> ReadAsync() => await _replies.Reader.ReadAsync(Token).AsTask().WaitAsync(TimeSpan.FromSeconds(30), TimeProvider.System, Token);

    private Task UntilStartedAsync(int count) => UntilAsync(() => _calls.Started.Count == count);

    private static Task UntilAsync(Func<bool> condition) =>
        Eventually.IsTrueAsync(() => Task.FromResult(condition()), () => "It doesn't happen.");

    private sealed class Calls : IStoreCalls
    {
        public List<TaskCompletionSource<ShardAnswer>> Started { get; } = [];

        public TaskCompletionSource? Room { get; set; }

        public Exception? Failure { get; set; }

        public int Asked { get; private set; }

        public async Task<Task<ShardAnswer>> StartAsync(StoreCall call, SignedContext? signed, CancellationToken cancellationToken)
        {
            Asked++;
            if (Failure is { } failure)
            {
                throw failure;
            }

            await (Room?.Task ?? Task.CompletedTask);
            TaskCompletionSource<ShardAnswer> answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
            Started.Add(answer);
            return answer.Task;
        }
    }

    private sealed class Reader(ChannelReader<StoreRequests> requests) : IAsyncStreamReader<StoreRequests>
    {
        public StoreRequests Current { get; private set; } = new();

        public async Task<bool> MoveNext(CancellationToken cancellationToken)
        {
            bool isThere = await requests.WaitToReadAsync(cancellationToken);
            Current = isThere && requests.TryRead(out StoreRequests? next) ? next : Current;
            return isThere;
        }
    }

    // Of a client whose window is full.
    private sealed class DeafWriter : IServerStreamWriter<StoreReplies>
    {
        public WriteOptions? WriteOptions { get; set; }

        public Task WriteAsync(StoreReplies message) => WriteAsync(message, CancellationToken.None);

        public Task WriteAsync(StoreReplies message, CancellationToken cancellationToken) =>
            Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken);
    }

    private sealed class Writer(ChannelWriter<StoreReply> replies) : IServerStreamWriter<StoreReplies>
    {
        public WriteOptions? WriteOptions { get; set; }

        public Task WriteAsync(StoreReplies message) => WriteAsync(message, CancellationToken.None);

        public Task WriteAsync(StoreReplies message, CancellationToken cancellationToken)
        {
            foreach (StoreReply reply in message.Replies)
            {
                replies.TryWrite(reply);
            }

            return Task.CompletedTask;
        }
    }
}
