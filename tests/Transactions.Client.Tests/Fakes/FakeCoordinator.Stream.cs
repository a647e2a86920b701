using System.Collections.Concurrent;
using System.Threading.Channels;
using Grpc.Core;
using Transactions.Contracts;
using Transactions.Model;
using V1 = Transactions.Contracts.V1;

namespace Transactions.Client.Tests;

// The clients' stream: each request is answered as by its unary twin.
internal sealed partial class FakeCoordinator
{
    private int _streams;

    // How many streams were opened.
    public int Streams => Volatile.Read(ref _streams);

    public ConcurrentQueue<V1.ClientRequest> Requests { get; } = new();

    public ConcurrentQueue<int> BatchSizes { get; } = new();

    // The cluster that it belongs to when a stream is opened.
    public string StreamCluster { get; set; } = World.Cluster;

    // What a stream is refused with, in turn, before its Hello is answered.
    public ConcurrentQueue<Refusal> StreamRefusals { get; } = new();

    public Func<Task>? BeforeWelcome { get; set; }

    // Runs when a message came in; may wait, so that nothing is read on, or throw, which ends the stream.
    public Func<V1.ClientRequests, Task>? BeforeReading { get; set; }

    // The answer to a request instead of the twin's; null where the twin answers.
    public Func<V1.ClientRequest, V1.ClientReply?>? Instead { get; set; }

    public override async Task Converse(
        IAsyncStreamReader<V1.ClientRequests> requestStream, IServerStreamWriter<V1.ClientReplies> responseStream, ServerCallContext context)
    {
        Interlocked.Increment(ref _streams);
        if (StreamRefusals.TryDequeue(out Refusal? scripted))
        {
            throw RefusalMapping.ToRpcException(scripted);
        }

        ClusterIdentity cluster = new(World.Cluster, Limits);
        if (!await requestStream.MoveNext(context.CancellationToken))
        {
            return;
        }

        if (!ClientHandshake.TryAccept(requestStream.Current.Hello, cluster, out _, out Refusal? refusal))
        {
            throw RefusalMapping.ToRpcException(refusal);
        }

        await (BeforeWelcome?.Invoke() ?? Task.CompletedTask);
        await responseStream.WriteAsync(new() { Hello = ClientHandshake.AnswerOnStream(cluster with { Name = StreamCluster }, Id) });
        Channel<V1.ClientReply> replies = Channel.CreateUnbounded<V1.ClientReply>();
        Task writing = WriteAsync(replies, responseStream);
        while (await requestStream.MoveNext(context.CancellationToken))
        {
            BatchSizes.Enqueue(requestStream.Current.Requests.Count);
            await (BeforeReading?.Invoke(requestStream.Current) ?? Task.CompletedTask);
            foreach (V1.ClientRequest request in requestStream.Current.Requests)
            {
                Requests.Enqueue(request);
                _ = AnswerAsync(request, replies.Writer, context);
            }
        }

        replies.Writer.Complete();
        await writing;
    }

    private async Task AnswerAsync(V1.ClientRequest request, ChannelWriter<V1.ClientReply> replies, ServerCallContext context)
    {
        if (request.BodyCase == V1.ClientRequest.BodyOneofCase.Cancel)
        {
            return;
        }

        V1.ClientReply reply;
        try
        {
            reply = Instead?.Invoke(request) ?? await AnswerAsync(request, context);
        }
        catch (RpcException failed)
        {
            reply = new() { Refused = failed.GetRpcStatus() ?? new() { Code = (int)failed.StatusCode, Message = failed.Status.Detail } };
        }

        reply.Correlation = request.Correlation;
        replies.TryWrite(reply);
    }

    private async Task<V1.ClientReply> AnswerAsync(V1.ClientRequest request, ServerCallContext context) => request.BodyCase switch
    {
        V1.ClientRequest.BodyOneofCase.Commit => new() { Ended = await Commit(request.Commit, context) },
        V1.ClientRequest.BodyOneofCase.Abort => new() { Ended = await Abort(request.Abort, context) },
        V1.ClientRequest.BodyOneofCase.Resolve => new() { Ended = await Resolve(request.Resolve, context) },
        V1.ClientRequest.BodyOneofCase.Heartbeat => new() { Heartbeat = await Heartbeat(request.Heartbeat, context) },
        V1.ClientRequest.BodyOneofCase.GetOutcome => new() { Outcome = await GetOutcome(request.GetOutcome, context) },
        V1.ClientRequest.BodyOneofCase.GetTimestamp => new() { Timestamp = await GetTimestamp(request.GetTimestamp, context) },
        V1.ClientRequest.BodyOneofCase.None or V1.ClientRequest.BodyOneofCase.Cancel =>
            throw RefusalMapping.ToRpcException(Refusal.Invalid("body", "body is missing.")),
    };

    private static async Task WriteAsync(Channel<V1.ClientReply> replies, IServerStreamWriter<V1.ClientReplies> stream)
    {
        await foreach (V1.ClientReply reply in replies.Reader.ReadAllAsync())
        {
            await stream.WriteAsync(new() { Replies = { reply } });
        }
    }
}
