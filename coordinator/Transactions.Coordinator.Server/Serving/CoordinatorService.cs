using System.Collections.Immutable;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Grpc.Core;
using Transactions.Clocks;
using Transactions.Contracts;
using Transactions.Coordinator.Server.Driving;
using Transactions.Coordinator.Server.Life;
using Transactions.Hosting;
using Transactions.Model;
using V1 = Transactions.Contracts.V1;

namespace Transactions.Coordinator.Server.Serving;

// The gRPC service: Hello and Begin, the unary twins of what clients' streams carry, and the streams. It decides nothing.
internal sealed class CoordinatorService(
    Door door,
    CoordinatorIdentity identity,
    ClientCalls calls,
    ClientStreams clients,
    ParticipantStreams participants,
    IBoundedClock clock) : V1.Coordinator.CoordinatorBase
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
        CoordinatorEvent.Begin question = new(call, terms.Client, chance, terms.Timeout, terms.Priority);
        CoordinatorAnswer answer = await UnlessCancelled(driver.AskAsync(call, question, context.CancellationToken), context);
        if (answer is CoordinatorAnswer.Refused refused)
        {
            throw door.Refuse(refused.Refusal, context);
        }

        Invariant.Holds(answer is CoordinatorAnswer.Begun, "a call is answered with what was asked for");
        TransactionContext transaction = ((CoordinatorAnswer.Begun)answer).Context;
        return new()
        {
            Context = new ContextSigner(identity.KeyOf(terms.Client)).Sign(transaction),
            Transaction = ContextMapping.ToWire(transaction, identity.KeyEpoch),
        };
    }

    public override async Task<V1.EndedReply> Commit(V1.CommitRequest request, ServerCallContext context) =>
        (await AnswerAsync(new() { Commit = request }, context)).Ended;

    public override async Task<V1.EndedReply> Abort(V1.AbortRequest request, ServerCallContext context) =>
        (await AnswerAsync(new() { Abort = request }, context)).Ended;

    public override async Task<V1.EndedReply> Resolve(V1.ResolveRequest request, ServerCallContext context) =>
        (await AnswerAsync(new() { Resolve = request }, context)).Ended;

    public override async Task<V1.HeartbeatReply> Heartbeat(V1.HeartbeatRequest request, ServerCallContext context) =>
        (await AnswerAsync(new() { Heartbeat = request }, context)).Heartbeat;

    public override async Task<V1.GetOutcomeReply> GetOutcome(V1.GetOutcomeRequest request, ServerCallContext context) =>
        (await AnswerAsync(new() { GetOutcome = request }, context)).Outcome;

    public override async Task<V1.GetTimestampReply> GetTimestamp(V1.GetTimestampRequest request, ServerCallContext context) =>
        (await AnswerAsync(new() { GetTimestamp = request }, context)).Timestamp;

    public override Task Converse(
        IAsyncStreamReader<V1.ClientRequests> requestStream,
        IServerStreamWriter<V1.ClientReplies> responseStream,
        ServerCallContext context) =>
        Departure.ServeAsync(clients.ServeAsync(door.Enter(context), requestStream, responseStream, context), context);

    public override Task Connect(
        IAsyncStreamReader<V1.ParticipantFrames> requestStream,
        IServerStreamWriter<V1.CoordinatorFrames> responseStream,
        ServerCallContext context) =>
        Departure.ServeAsync(participants.ServeAsync(door.Enter(context), requestStream, responseStream, context), context);

    // As on a stream, a request at a time.
    private async Task<V1.ClientReply> AnswerAsync(V1.ClientRequest request, ServerCallContext context)
    {
        V1.ClientReply reply = await UnlessCancelled(calls.AnswerAsync(request, context.CancellationToken), context);
        return reply.Refused is { } status ? throw status.ToRpcException() : reply;
    }

    // Nobody listens any more, and the transaction goes on. A deadline that fired was answered by itself.
    private static async Task<T> UnlessCancelled<T>(Task<T> answer, ServerCallContext context)
    {
        try
        {
            return await answer;
        }
        catch (OperationCanceledException) when (context.CancellationToken.IsCancellationRequested)
        {
            throw new RpcException(new Status(StatusCode.Cancelled, "The call was cancelled; the transaction goes on."));
        }
    }
}
