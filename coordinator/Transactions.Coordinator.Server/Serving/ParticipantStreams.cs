using Grpc.Core;
using Microsoft.Extensions.Options;
using Transactions.Clocks;
using Transactions.Contracts;
using Transactions.Coordinator.Server.Driving;
using Transactions.Coordinator.Server.Life;
using Transactions.Coordinator.Server.Links;
using Transactions.Coordinator.Server.Telemetry;
using Transactions.Hosting;
using Transactions.Model;
using V1 = Transactions.Contracts.V1;

namespace Transactions.Coordinator.Server.Serving;

// Connect: a participant's one stream (single-socket channel, request pipeline). Hello each way, then batches until either side ends.
internal sealed class ParticipantStreams(
    Door door,
    CoordinatorIdentity identity,
    IBoundedClock clock,
    TimeProvider timeProvider,
    IOptions<CoordinatorServerOptions> options,
    CoordinatorMetrics metrics,
    ILogger<ParticipantStreams> logger)
{
    private readonly StreamPlaces _places = new(
        "participants' streams",
        options.Value.Streams.MaxParticipants,
        "Streams:MaxParticipants",
        options.Value.Streams.HelloTimeout,
        "Streams:HelloTimeout",
        timeProvider);

    public async Task ServeAsync(
        CoordinatorDriver driver,
        IAsyncStreamReader<V1.ParticipantFrames> incoming,
        IServerStreamWriter<V1.CoordinatorFrames> outgoing,
        ServerCallContext context)
    {
        try
        {
            await ServeAsync(_places.Enter(), driver, incoming, outgoing, context);
        }
        finally
        {
            _places.Leave();
        }
    }

    private async Task ServeAsync(
        Refusal? refusal,
        CoordinatorDriver driver,
        IAsyncStreamReader<V1.ParticipantFrames> incoming,
        IServerStreamWriter<V1.CoordinatorFrames> outgoing,
        ServerCallContext context)
    {
        (ParticipantIntroduction participant, V1.ParticipantFrames first) = await GreetAsync(refusal, incoming, context);
        await outgoing.WriteAsync(
            new() { Hello = identity.ParticipantHandshake.Answer(new(identity.Self, identity.KeyEpoch)) }, context.CancellationToken);

        StreamLink link = new(outgoing, options.Value.Streams.MaxQueuedFrames, metrics);
        LinkId id = driver.Links.Add(link);
        Log.ParticipantConnected(logger, participant.Identity, context.Peer, participant.Owned.Length);
        try
        {
            await driver.PostFramesAsync(
                [.. participant.Owned.Select(owned => new CoordinatorEvent.ShardConnected(id, owned.Owner, owned.Endpoint))],
                context.CancellationToken);
            await ExchangeAsync(driver, link, new(id, participant.Owned), first, incoming, context, participant.Identity);
        }
        finally
        {
            driver.Links.Remove(id);
            driver.Post(new CoordinatorEvent.LinkLost(id));
            Log.ParticipantDisconnected(logger, participant.Identity);
        }
    }

    // Nothing is changed for a stream that can't say who it is.
    private async Task<(ParticipantIntroduction Participant, V1.ParticipantFrames First)> GreetAsync(
        Refusal? refusal, IAsyncStreamReader<V1.ParticipantFrames> incoming, ServerCallContext context)
    {
        ParticipantIntroduction? participant = null;
        V1.ParticipantFrames? first = null;
        if (refusal is null)
        {
            first = await _places.ReadFirstAsync(incoming, context.CancellationToken);

            // T4: read after the Hello came in.
            ClockReading reading = clock.Read();
            refusal = first?.Hello is null ? _places.MissingHello()
                : reading.IsHealthy ? null
                : Refusal.Unavailable(RefusalReason.ClockUnhealthy, reading.Health.Message);
            if (refusal is null)
            {
                identity.ParticipantHandshake.TryAccept(first!.Hello, reading.Interval, out participant, out refusal);
            }
        }

        if (refusal is not null)
        {
            Log.StreamRefused(logger, context.Peer, refusal.Message);
            throw door.Refuse(refusal, context);
        }

        return (participant!, first!);
    }

    private async Task ExchangeAsync(
        CoordinatorDriver driver,
        StreamLink link,
        IncomingFrames frames,
        V1.ParticipantFrames first,
        IAsyncStreamReader<V1.ParticipantFrames> incoming,
        ServerCallContext context,
        string participant)
    {
        using CancellationTokenSource ends = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken);
        Task<Refusal?> reading = ReadAllAsync(driver, frames, first, incoming, ends.Token);
        Task writing = link.WriteAllAsync(ends.Token);
        Refusal? refusal = null;
        try
        {
            Task ended = await Task.WhenAny(reading, writing, link.Overflow);
            if (ended == reading)
            {
                refusal = await reading;
            }
            else if (ended == link.Overflow)
            {
                // It doesn't read, so that no status would reach it either.
                Log.StreamBroken(logger, participant, $"{options.Value.Streams.MaxQueuedFrames} frames wait for it (Streams:MaxQueuedFrames)");
                context.GetHttpContext().Abort();
            }
            else
            {
                await writing;
                refusal = StreamEnds.Stopping;
            }
        }
        catch (Exception lost) when (Departure.Explains(lost, context.CancellationToken))
        {
            // The connection is gone: nobody is there to be told.
        }

        await ends.CancelAsync();
        await Task.WhenAll(reading, writing).ContinueWith(
            static done => done.Exception, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        if (refusal is not null)
        {
            Log.StreamBroken(logger, participant, refusal.Message);
            throw door.Refuse(refusal, context);
        }
    }

    // Null when the participant ended the stream.
    private async Task<Refusal?> ReadAllAsync(
        CoordinatorDriver driver,
        IncomingFrames frames,
        V1.ParticipantFrames first,
        IAsyncStreamReader<V1.ParticipantFrames> incoming,
        CancellationToken cancellationToken)
    {
        // Frames may come along with the Hello.
        V1.ParticipantFrames message = new() { Frames = { first.Frames } };
        while (true)
        {
            if (!frames.TryRead(message, out List<CoordinatorEvent>? events, out Refusal? refusal))
            {
                return refusal;
            }

            metrics.FramesReceived(events.Count);
            await driver.PostFramesAsync(events, cancellationToken);
            if (!await incoming.MoveNext(cancellationToken))
            {
                return null;
            }

            message = incoming.Current;
        }
    }
}
