using System.Collections.Concurrent;
using Grpc.Core;
using Transactions.Contracts;
using Transactions.Coordinator.Server.Driving;
using Transactions.Hosting;
using Transactions.Model;
using V1 = Transactions.Contracts.V1;

namespace Transactions.Coordinator.Server.Serving;

// One client's stream after its Hello: requests run side by side, entering the machine in the order in which they came; replies go
// out in batches as they come.
internal sealed class ClientStream(
    ClientCalls calls, IServerStreamWriter<V1.ClientReplies> outgoing, int maxQueuedReplies, string client, ILogger logger)
{
    private readonly FrameQueue<V1.ClientReply> _replies = new(maxQueuedReplies);
    private readonly ConcurrentDictionary<ulong, CancellationTokenSource> _underWay = new();
    private readonly TaskCompletionSource _overflow = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // Those who may still add a reply: the reader is one, and each request under way.
    private int _repliers = 1;

    // Returns when either side has ended the stream: a refusal where the client is to be told why.
    public async Task<Refusal?> RunAsync(
        CoordinatorDriver driver, V1.ClientRequests first, IAsyncStreamReader<V1.ClientRequests> incoming, ServerCallContext context)
    {
        using CancellationTokenSource ends = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken);
        using CancellationTokenSource readingEnds = CancellationTokenSource.CreateLinkedTokenSource(ends.Token);
        Task<Refusal?> reading = ReadAllAsync(first, incoming, readingEnds.Token);
        Task writing = _replies.DrainAsync(batch => WriteAsync(batch, ends.Token), ends.Token);
        try
        {
            Refusal? refusal = null;
            Task ended = await Task.WhenAny(reading, writing, _overflow.Task, driver.Stopped);
            if (ended == driver.Stopped)
            {
                // Nothing is taken any more, and what was under way has its answer.
                await readingEnds.CancelAsync();
                await ((Task)reading).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                refusal = StreamEnds.Stopping;
            }
            else if (ended == reading && await reading is { } malformed)
            {
                Log.ClientStreamBroken(logger, client, malformed.Message);
                return malformed;
            }

            await Task.WhenAny(writing, _overflow.Task);
            if (_overflow.Task.IsCompleted)
            {
                // It doesn't read, so that no status would reach it either.
                Log.ClientStreamBroken(logger, client, $"{maxQueuedReplies} replies wait for it (Streams:MaxQueuedFrames), or 256 MiB");
                context.GetHttpContext().Abort();
                return null;
            }

            await writing;
            return refusal;
        }
        catch (Exception lost) when (Departure.Explains(lost, context.CancellationToken))
        {
            // The connection is gone: nobody is there to be told.
            return null;
        }
        finally
        {
            await ends.CancelAsync();
            await Task.WhenAll(reading, writing).ContinueWith(
                static done => done.Exception, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);

            // Nobody waits for what is still under way; its transactions go on.
            foreach (CancellationTokenSource request in _underWay.Values)
            {
                await request.CancelAsync();
            }
        }
    }

    // Null when the client ended its side.
    private async Task<Refusal?> ReadAllAsync(
        V1.ClientRequests first, IAsyncStreamReader<V1.ClientRequests> incoming, CancellationToken cancellationToken)
    {
        try
        {
            // Requests may come along with the Hello.
            V1.ClientRequests message = new() { Requests = { first.Requests } };
            while (true)
            {
                if (TakeAll(message) is { } refusal)
                {
                    return refusal;
                }

                if (!await incoming.MoveNext(cancellationToken))
                {
                    return null;
                }

                message = incoming.Current;
            }
        }
        finally
        {
            LeaveReplies();
        }
    }

    private Refusal? TakeAll(V1.ClientRequests message)
    {
        Refusal? refusal = RequestBatch.FindFault(message, message.Hello, message.Requests.Count);
        for (int i = 0; refusal is null && i < message.Requests.Count; i++)
        {
            refusal = Take(message.Requests[i], i);
        }

        return refusal;
    }

    private Refusal? Take(V1.ClientRequest request, int index)
    {
        if (request.BodyCase == V1.ClientRequest.BodyOneofCase.Cancel)
        {
            if (_underWay.TryGetValue(request.Correlation, out CancellationTokenSource? asked))
            {
                asked.Cancel();
            }

            return null;
        }

        CancellationTokenSource withdrawn = new();
        if (!_underWay.TryAdd(request.Correlation, withdrawn))
        {
            // Its reply couldn't be told from the other's.
            return Refusal.Invalid(
                $"requests[{index}].correlation",
                $"requests[{index}].correlation is {request.Correlation}, and another request has it that isn't answered; give each its own.");
        }

        Interlocked.Increment(ref _repliers);
        _ = AnswerAsync(request, withdrawn.Token);
        return null;
    }

    private async Task AnswerAsync(V1.ClientRequest request, CancellationToken withdrawn)
    {
        V1.ClientReply? reply = null;
        try
        {
            reply = await calls.AnswerAsync(request, withdrawn).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (withdrawn.IsCancellationRequested)
        {
            // Nobody waits any more; the transaction goes on.
        }
        catch (Exception failure)
        {
            // As from a unary call: it says nothing of the transaction.
            Log.RequestFailed(logger, failure, request.BodyCase.ToString(), client);
            reply = new()
            {
                Correlation = request.Correlation,
                Refused = new() { Code = (int)StatusCode.Internal, Message = "The request failed here; the coordinator's log says why." },
            };
        }

        // Before its reply can be seen: then the client may use the correlation again.
        _underWay.TryRemove(request.Correlation, out _);
        if (reply is not null && !_replies.TryAdd(reply))
        {
            _overflow.TrySetResult();
        }

        LeaveReplies();
    }

    // When nobody can add one any more, the stream ends after the last reply.
    private void LeaveReplies()
    {
        if (Interlocked.Decrement(ref _repliers) == 0)
        {
            _replies.Close();
        }
    }

    private Task WriteAsync(IReadOnlyList<V1.ClientReply> batch, CancellationToken cancellationToken)
    {
        V1.ClientReplies message = new();
        message.Replies.AddRange(batch);
        return outgoing.WriteAsync(message, cancellationToken);
    }
}
