using Google.Protobuf.Collections;
using Grpc.Core;
using Microsoft.Extensions.Logging;
using Transactions.Client;
using Transactions.Contracts;
using Transactions.Contracts.V1;
using Transactions.Hosting;
using Transactions.Model;

namespace Transactions.Participant.Server;

/// <summary>One client's duplex stream: requests run side by side, replies go out in batches as they come.</summary>
internal sealed class StoreStream(
    IStoreCalls calls, IAsyncStreamReader<StoreRequests> requests, IServerStreamWriter<StoreReplies> replies, int maxRequests, ILogger logger)
{
    /// <summary>How many replies may wait for a client that doesn't read.</summary>
    public const int MostQueuedReplies = 100_000;

    private readonly FrameQueue<StoreReply> _queue = new(MostQueuedReplies);
    private int _unanswered;

    // Those who may still add a reply: the reader is one, and each request under way.
    private int _repliers = 1;

    /// <summary>Whether it ended because the client didn't read its replies.</summary>
    public bool HasOverflowed { get; private set; }

    /// <summary>Returns when the client has ended its side and has been told every reply, when its connection is gone, or when it doesn't read.</summary>
    /// <exception cref="RpcException">The client sent what no message may be.</exception>
    public async Task RunAsync(RepeatedField<StoreRequest> first, CancellationToken cancellationToken)
    {
        using CancellationTokenSource ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task sending = _queue.DrainAsync(batch => WriteAsync(batch, ending.Token), ending.Token);
        try
        {
            await StartAllAsync(first, ending);
            while (await requests.MoveNext(ending.Token))
            {
                StoreRequests message = requests.Current;
                if (RequestBatch.FindFault(message, message.Hello, message.Requests.Count) is { } refusal)
                {
                    throw RefusalMapping.ToRpcException(refusal);
                }

                await StartAllAsync(message.Requests, ending);
            }

            LeaveReplies();
            await sending;
        }
        catch (Exception e) when (e is OperationCanceledException || Departure.Explains(e, cancellationToken))
        {
            // The client went away, or doesn't read its replies: what it asked goes on; nobody is there to be told.
        }
        finally
        {
            await ending.CancelAsync();
            await sending.ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        }
    }

    // A shard whose queue is full holds up the reading, and so, by flow control, the client.
    private async Task StartAllAsync(RepeatedField<StoreRequest> batch, CancellationTokenSource ending)
    {
        foreach (StoreRequest request in batch)
        {
            Interlocked.Increment(ref _repliers);
            if (Interlocked.Increment(ref _unanswered) <= maxRequests)
            {
                _ = ReplyAsync(request, await StartAsync(request, ending.Token), ending);
            }
            else
            {
                // Reading must go on: what all these wait for may be the next operation of one who holds their locks.
                _ = ReplyAsync(request, Task.FromResult<ShardAnswer>(new ShardAnswer.Refused(TooMany())), ending);
            }
        }
    }

    private async Task<Task<ShardAnswer>> StartAsync(StoreRequest request, CancellationToken cancellationToken)
    {
        try
        {
            return StoreMapping.TryRead(request, out StoreCall? call, out Refusal? refusal)
                ? await calls.StartAsync(call, request.Context, cancellationToken)
                : Task.FromResult<ShardAnswer>(new ShardAnswer.Refused(refusal));
        }
        catch (Exception unexpected) when (unexpected is not OperationCanceledException)
        {
            return Task.FromException<ShardAnswer>(unexpected);
        }
    }

    private async Task ReplyAsync(StoreRequest request, Task<ShardAnswer> answer, CancellationTokenSource ending)
    {
        StoreReply? reply = null;
        try
        {
            reply = StoreMapping.ToReply(request.Correlation, request.OperationCase, await answer);
        }
        catch (OperationCanceledException)
        {
            // Nobody waits any more.
        }
        catch (Exception unexpected)
        {
            // X2: an answer that says nothing of what became of the request; its client must not wait for ever.
            Log.RequestFailed(logger, unexpected);
            reply = new StoreReply
            {
                Correlation = request.Correlation,
                Refused = new StoreRefusal
                {
                    Status = new Google.Rpc.Status
                    {
                        Code = (int)StatusCode.Internal,
                        Message = "The request failed unexpectedly, and what became of it isn't known; the participant's log says more.",
                    },
                },
            };
        }
        finally
        {
            Interlocked.Decrement(ref _unanswered);
        }

        if (reply is not null && !_queue.TryAdd(reply) && !ending.IsCancellationRequested)
        {
            HasOverflowed = true;
            await ending.CancelAsync();
        }

        LeaveReplies();
    }

    // When nobody can add one any more, the stream ends after the last reply.
    private void LeaveReplies()
    {
        if (Interlocked.Decrement(ref _repliers) == 0)
        {
            _queue.Close();
        }
    }

    private Refusal TooMany() => Refusal.Busy(
        "requests", $"{maxRequests} requests of this stream are unanswered, which is the limit (MaxRequestsPerStream)");

    private Task WriteAsync(IReadOnlyList<StoreReply> batch, CancellationToken cancellationToken)
    {
        StoreReplies message = new();
        message.Replies.AddRange(batch);
        return replies.WriteAsync(message, cancellationToken);
    }
}
