using Google.Protobuf.Collections;
using Grpc.Core;
using Transactions.Client;
using Transactions.Contracts;
using Transactions.Contracts.V1;
using Transactions.Hosting;
using Transactions.Model;

namespace Transactions.Participant.Server;

/// <summary>One client's duplex stream: requests run side by side, replies go out in batches as they come.</summary>
internal sealed class StoreStream(
    StoreCalls calls, IAsyncStreamReader<StoreRequests> requests, IServerStreamWriter<StoreReplies> replies)
{
    private const int MostQueuedReplies = 100_000;

    private readonly FrameQueue<StoreReply> _queue = new(MostQueuedReplies);

    public async Task RunAsync(RepeatedField<StoreRequest> first, CancellationToken cancellationToken)
    {
        using CancellationTokenSource ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task sending = _queue.DrainAsync(batch => WriteAsync(batch, ending.Token), ending.Token);
        try
        {
            StartAll(first, ending);
            while (await requests.MoveNext(ending.Token))
            {
                StartAll(requests.Current.Requests, ending);
            }

            _queue.Close();
            await sending;
        }
        catch (Exception e) when (e is OperationCanceledException or IOException)
        {
            // The client went away, or doesn't read its replies: what it asked goes on; nobody is there to be told.
        }
        finally
        {
            await ending.CancelAsync();
            await sending.ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        }
    }

    private void StartAll(RepeatedField<StoreRequest> batch, CancellationTokenSource ending)
    {
        foreach (StoreRequest request in batch)
        {
            _ = RunOneAsync(request, ending);
        }
    }

    private async Task RunOneAsync(StoreRequest request, CancellationTokenSource ending)
    {
        ShardAnswer answer;
        try
        {
            answer = StoreMapping.TryRead(request, out StoreCall? call, out Refusal? refusal)
                ? await calls.RunAsync(call, request.Context, ending.Token)
                : new ShardAnswer.Refused(refusal);
        }
        catch (OperationCanceledException)
        {
            return;
        }

        if (!_queue.TryAdd(StoreMapping.ToReply(request.Correlation, request.OperationCase, answer)))
        {
            await ending.CancelAsync();
        }
    }

    private Task WriteAsync(IReadOnlyList<StoreReply> batch, CancellationToken cancellationToken)
    {
        StoreReplies message = new();
        message.Replies.AddRange(batch);
        return replies.WriteAsync(message, cancellationToken);
    }
}
