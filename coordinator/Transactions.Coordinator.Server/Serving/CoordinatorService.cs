using System.Collections.Immutable;
using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Grpc.Core;
using Transactions.Clocks;
using Transactions.Contracts;
using Transactions.Coordinator.Server.Driving;
using Transactions.Coordinator.Server.Life;
using Transactions.Coordinator.Server.Telemetry;
using Transactions.Model;
using V1 = Transactions.Contracts.V1;

namespace Transactions.Coordinator.Server.Serving;

// The gRPC service: reads requests into the machine's events, and its answers into replies. It decides nothing.
internal sealed class CoordinatorService(
    Door door,
    CoordinatorIdentity identity,
    ParticipantStreams participants,
    IBoundedClock clock,
    CoordinatorMetrics metrics) : V1.Coordinator.CoordinatorBase
{
    private const int ChanceBytes = 10;

    public override Task<V1.HelloReply> Hello(V1.HelloRequest request, ServerCallContext context)
    {
        CoordinatorDriver driver = door.Enter(context);
        if (!ClientHandshake.TryAccept(request, identity.Cluster, out string client, out Refusal? refusal))
        {
            throw door.Refuse(refusal, context);
        }

        // T4: read after the request came in.
        ClockReading reading = clock.Read();
        if (!reading.IsHealthy)
        {
            throw door.Refuse(Refusal.Unavailable(RefusalReason.ClockUnhealthy, reading.Health.Message), context);
        }

        return Task.FromResult(ClientHandshake.Answer(new(
            identity.Self, identity.Cluster.Limits, identity.KeyOf(client), reading.Interval, driver.View.Owners, identity.Peers)));
    }

    public override async Task<V1.BeginReply> Begin(V1.BeginRequest request, ServerCallContext context)
    {
        CoordinatorDriver driver = door.Enter(context);
        if (!ClientCallMapping.TryRead(request, out BeginTerms? terms, out Refusal? refusal))
        {
            throw door.Refuse(refusal, context);
        }

        CallId call = driver.NextCall();
        ImmutableArray<byte> chance = ImmutableCollectionsMarshal.AsImmutableArray(RandomNumberGenerator.GetBytes(ChanceBytes));
        CoordinatorAnswer.Begun begun = await door.AskAsync<CoordinatorAnswer.Begun>(
            driver, call, new CoordinatorEvent.Begin(call, terms.Client, chance, terms.Timeout, terms.Priority), context);
        ContextSigner signer = new(identity.KeyOf(terms.Client));
        return new()
        {
            Context = signer.Sign(begun.Context),
            Transaction = ContextMapping.ToWire(begun.Context, identity.KeyEpoch),
        };
    }

    public override async Task<V1.EndedReply> Commit(V1.CommitRequest request, ServerCallContext context)
    {
        CoordinatorDriver driver = door.Enter(context);
        if (!CommitMapping.TryRead(request, identity.Verifier, out CommitOrder? order, out Refusal? refusal))
        {
            throw door.Refuse(refusal, context);
        }

        using Activity? activity = CoordinatorMetrics.Activities.StartActivity("coordinator.commit");
        activity?.SetTag("transactions.id", order.Context.Id.ToString()).SetTag("transactions.shards", order.Shards.Length);
        long startedAt = Stopwatch.GetTimestamp();
        CallId call = driver.NextCall();
        CoordinatorAnswer.Ended ended = await door.AskAsync<CoordinatorAnswer.Ended>(
            driver, call, new CoordinatorEvent.Commit(call, order.Context, order.Shards, order.Key, order.Result), context);
        metrics.CommitAnswered(Stopwatch.GetElapsedTime(startedAt));
        activity?.SetTag("transactions.outcome", ended.Outcome.ToString());
        return ToReply(ended);
    }

    public override async Task<V1.EndedReply> Abort(V1.AbortRequest request, ServerCallContext context)
    {
        CoordinatorDriver driver = door.Enter(context);
        if (!identity.Verifier.TryVerify(request.Context, out TransactionContext? transaction, out Refusal? refusal))
        {
            throw door.Refuse(refusal, context);
        }

        CallId call = driver.NextCall();
        return ToReply(await door.AskAsync<CoordinatorAnswer.Ended>(
            driver, call, new CoordinatorEvent.Abort(call, transaction), context));
    }

    public override async Task<V1.EndedReply> Resolve(V1.ResolveRequest request, ServerCallContext context)
    {
        CoordinatorDriver driver = door.Enter(context);
        if (!CommitMapping.TryRead(request, identity.Verifier, out CommitOrder? order, out Refusal? refusal))
        {
            throw door.Refuse(refusal, context);
        }

        CallId call = driver.NextCall();
        return ToReply(await door.AskAsync<CoordinatorAnswer.Ended>(
            driver, call, new CoordinatorEvent.Resolve(call, order.Context, order.Shards, order.Key), context));
    }

    public override async Task<V1.HeartbeatReply> Heartbeat(V1.HeartbeatRequest request, ServerCallContext context)
    {
        CoordinatorDriver driver = door.Enter(context);
        if (!ClientCallMapping.TryRead(request, out ImmutableArray<TransactionId> ids, out Refusal? refusal))
        {
            throw door.Refuse(refusal, context);
        }

        CallId call = driver.NextCall();
        CoordinatorAnswer.HeartbeatSeen seen = await door.AskAsync<CoordinatorAnswer.HeartbeatSeen>(
            driver, call, new CoordinatorEvent.Heartbeat(call, request.Client, ids), context);
        return ClientCallMapping.ToHeartbeatReply(seen.Lost);
    }

    public override async Task<V1.GetOutcomeReply> GetOutcome(V1.GetOutcomeRequest request, ServerCallContext context)
    {
        CoordinatorDriver driver = door.Enter(context);
        if (!ClientCallMapping.TryRead(request, out TransactionId? id, out IdempotencyKey? key, out Refusal? refusal))
        {
            throw door.Refuse(refusal, context);
        }

        CallId call = driver.NextCall();
        CoordinatorAnswer answer = await door.AskAsync(driver, call, new CoordinatorEvent.GetOutcome(call, id, key), context);
        return OutcomeMapping.ToOutcomeReply(answer is CoordinatorAnswer.Ended ended ? ToResult(ended) : null);
    }

    public override async Task<V1.GetTimestampReply> GetTimestamp(V1.GetTimestampRequest request, ServerCallContext context)
    {
        CoordinatorDriver driver = door.Enter(context);
        CallId call = driver.NextCall();
        CoordinatorAnswer.TimestampGiven given = await door.AskAsync<CoordinatorAnswer.TimestampGiven>(
            driver, call, new CoordinatorEvent.GetTimestamp(call), context);
        return ClientCallMapping.ToTimestampReply(given.Timestamp, new ClockInterval(given.Earliest, given.Latest));
    }

    public override Task Connect(
        IAsyncStreamReader<V1.ParticipantFrames> requestStream,
        IServerStreamWriter<V1.CoordinatorFrames> responseStream,
        ServerCallContext context) =>
        participants.ServeAsync(door.Enter(context), requestStream, responseStream, context);

    private static V1.EndedReply ToReply(CoordinatorAnswer.Ended ended) => OutcomeMapping.ToReply(ToResult(ended));

    private static CommitResult ToResult(CoordinatorAnswer.Ended ended) => new(ended.Id, ended.Outcome, ended.Result);
}
