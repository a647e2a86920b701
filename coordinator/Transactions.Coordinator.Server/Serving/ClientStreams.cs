using System.Diagnostics;
using Grpc.Core;
using Microsoft.Extensions.Options;
using Transactions.Contracts;
using Transactions.Coordinator.Server.Driving;
using Transactions.Coordinator.Server.Life;
using Transactions.Coordinator.Server.Telemetry;
using Transactions.Hosting;
using Transactions.Model;
using V1 = Transactions.Contracts.V1;

namespace Transactions.Coordinator.Server.Serving;

// Converse: a client's one stream (single-socket channel, request pipeline). Hello each way, then batches until either side ends.
internal sealed class ClientStreams
{
    private readonly Door _door;
    private readonly ClientCalls _calls;
    private readonly CoordinatorIdentity _identity;
    private readonly IOptions<CoordinatorServerOptions> _options;
    private readonly ILogger<ClientStreams> _logger;
    private readonly StreamPlaces _places;

    public ClientStreams(
        Door door,
        ClientCalls calls,
        CoordinatorIdentity identity,
        TimeProvider timeProvider,
        IOptions<CoordinatorServerOptions> options,
        CoordinatorMetrics metrics,
        ILogger<ClientStreams> logger)
    {
        (_door, _calls, _identity, _options, _logger) = (door, calls, identity, options, logger);
        StreamOptions streams = options.Value.Streams;
        _places = new("clients' streams", streams.MaxClients, "Streams:MaxClients", streams.HelloTimeout, "Streams:HelloTimeout", timeProvider);
        metrics.WatchClients(() => _places.Open);
    }

    public async Task ServeAsync(
        CoordinatorDriver driver,
        IAsyncStreamReader<V1.ClientRequests> incoming,
        IServerStreamWriter<V1.ClientReplies> outgoing,
        ServerCallContext context)
    {
        // What is done for one request is no part of the stream's own activity, which may last for days.
        Activity.Current = null;
        try
        {
            (string client, V1.ClientRequests first) = await GreetAsync(_places.Enter(), incoming, context);
            await outgoing.WriteAsync(
                new() { Hello = ClientHandshake.AnswerOnStream(_identity.Cluster, _identity.Self) }, context.CancellationToken);

            Log.ClientConnected(_logger, client, context.Peer);
            ClientStream stream = new(_calls, outgoing, _options.Value.Streams.MaxQueuedFrames, client, _logger);
            Refusal? refusal = await stream.RunAsync(driver, first, incoming, context);
            Log.ClientDisconnected(_logger, client);
            if (refusal is not null)
            {
                throw _door.Refuse(refusal, context);
            }
        }
        finally
        {
            _places.Leave();
        }
    }

    private async Task<(string Client, V1.ClientRequests First)> GreetAsync(
        Refusal? refusal, IAsyncStreamReader<V1.ClientRequests> incoming, ServerCallContext context)
    {
        string client = "";
        V1.ClientRequests? first = null;
        if (refusal is null)
        {
            first = await _places.ReadFirstAsync(incoming, context.CancellationToken);
            if (first?.Hello is null)
            {
                refusal = _places.MissingHello();
            }
            else
            {
                ClientHandshake.TryAccept(first.Hello, _identity.Cluster, out client, out refusal);
            }
        }

        if (refusal is not null)
        {
            Log.StreamRefused(_logger, context.Peer, refusal.Message);
            throw _door.Refuse(refusal, context);
        }

        return (client, first!);
    }
}
