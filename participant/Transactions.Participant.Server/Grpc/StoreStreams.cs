using Grpc.Core;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Transactions.Contracts;
using Transactions.Contracts.V1;
using Transactions.Hosting;
using Transactions.Model;

namespace Transactions.Participant.Server;

/// <summary>The Store's streams: Hello each way, then batches until either side ends.</summary>
internal sealed class StoreStreams(
    StoreCalls calls,
    ParticipantHost host,
    TimeProvider timeProvider,
    IOptions<ClusterOptions> cluster,
    IOptions<ParticipantOptions> options,
    ILogger<StoreStreams> logger)
{
    private readonly StreamPlaces _places = new(
        "Store streams",
        options.Value.MaxStoreStreams,
        "Participant:MaxStoreStreams",
        options.Value.HelloTimeout,
        "Participant:HelloTimeout",
        timeProvider);

    public async Task ServeAsync(IAsyncStreamReader<StoreRequests> incoming, IServerStreamWriter<StoreReplies> outgoing, ServerCallContext context)
    {
        try
        {
            ClusterIdentity identity = new(cluster.Value.Name, cluster.Value.ToLimits());
            StoreRequests first = await GreetAsync(_places.Enter(), identity, incoming, context.CancellationToken);
            await outgoing.WriteAsync(
                new StoreReplies { Hello = ClientHandshake.AnswerToStream(identity, host.Owned) }, context.CancellationToken);
            StoreStream stream = new(calls, incoming, outgoing, options.Value.MaxRequestsPerStream, logger);
            await stream.RunAsync(first.Requests, context.CancellationToken);
            if (stream.HasOverflowed)
            {
                // No status would reach it either.
                Log.StoreStreamCutOff(logger, context.Peer, StoreStream.MostQueuedReplies);
                context.GetHttpContext().Abort();
            }
        }
        finally
        {
            _places.Leave();
        }
    }

    private async Task<StoreRequests> GreetAsync(
        Refusal? refusal, ClusterIdentity identity, IAsyncStreamReader<StoreRequests> incoming, CancellationToken cancellationToken)
    {
        StoreRequests? first = null;
        if (refusal is null)
        {
            first = await _places.ReadFirstAsync(incoming, cancellationToken);
            if (first?.Hello is null)
            {
                refusal = _places.MissingHello();
            }
            else if (ClientHandshake.TryAccept(first.Hello, identity, out _, out refusal))
            {
                refusal = RequestBatch.FindFault(first, first.Requests.Count);
            }
        }

        return refusal is null ? first! : throw RefusalMapping.ToRpcException(refusal);
    }
}
