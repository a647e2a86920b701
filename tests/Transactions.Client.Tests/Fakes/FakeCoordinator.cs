using System.Collections.Concurrent;
using System.Collections.Immutable;
using Grpc.Core;
using NodaTime;
using Transactions.Clocks;
using Transactions.Contracts;
using Transactions.Model;
using V1 = Transactions.Contracts.V1;

namespace Transactions.Client.Tests;

// Decides at once, and misbehaves as it is told.
internal sealed partial class FakeCoordinator(string name, FakeLog log, ClusterSecret secret) : V1.Coordinator.CoordinatorBase
{
    private readonly ContextVerifier _verifier = new(secret, 1);

    public CoordinatorId Id { get; set; } = new(name, new Incarnation(Chance.Next64()));

    public ProtocolLimits Limits { get; set; } = ProtocolLimits.Default;

    public Duration Offset { get; set; } = Duration.Zero;

    public ImmutableArray<ShardEndpoint> Owners { get; set; } = [];

    public ImmutableArray<CoordinatorEndpoint> Others { get; set; } = [];

    public ConcurrentQueue<V1.HelloRequest> Hellos { get; } = new();

    public ConcurrentQueue<CommitOrder> Commits { get; } = new();

    public ConcurrentQueue<CommitOrder> Resolves { get; } = new();

    public ConcurrentQueue<TransactionId> Aborts { get; } = new();

    public ConcurrentQueue<TransactionId> Heartbeats { get; } = new();

    // What Commits are answered in turn, instead of being committed.
    public ConcurrentQueue<Outcome> Verdicts { get; } = new();

    // Refused in turn, before anything else.
    public ConcurrentQueue<Refusal> CommitRefusals { get; } = new();

    public ConcurrentQueue<Refusal> ResolveRefusals { get; } = new();

    public ConcurrentDictionary<TransactionId, AbortReason> EndsAtHeartbeat { get; } = new();

    public Func<CommitOrder, Task>? BeforeDecision { get; set; }

    public Func<CommitOrder, Task>? AfterDecision { get; set; }

    public Func<Task>? BeforeHello { get; set; }

    public Func<Task>? BeforeHeartbeat { get; set; }

    private ClockInterval Clock => ClockInterval.Around(FakeShard.Now.Plus(Offset), Duration.FromMilliseconds(1));

    public override async Task<V1.HelloReply> Hello(V1.HelloRequest request, ServerCallContext context)
    {
        Hellos.Enqueue(request);
        await (BeforeHello?.Invoke() ?? Task.CompletedTask);
        return ClientHandshake.TryAccept(request, new ClusterIdentity(World.Cluster, Limits), out string client, out Refusal? refusal)
            ? ClientHandshake.Answer(new(Id, Limits, ClientKey.Derive(secret, client, 1), Clock, Owners, Others))
            : throw RefusalMapping.ToRpcException(refusal);
    }

    public override async Task<V1.EndedReply> Commit(V1.CommitRequest request, ServerCallContext context)
    {
        CommitOrder order = Read(request);
        Commits.Enqueue(order);
        if (CommitRefusals.TryDequeue(out Refusal? refusal))
        {
            throw RefusalMapping.ToRpcException(refusal);
        }

        if (order.Context.Coordinator != Id)
        {
            return OutcomeMapping.ToReply(log.Decide(order, Outcome.Aborted(AbortReason.CoordinatorLost)));
        }

        await (BeforeDecision?.Invoke(order) ?? Task.CompletedTask);
        Outcome verdict = Verdicts.TryDequeue(out Outcome scripted) ? scripted : Outcome.Committed(FakeShard.Now);
        CommitResult result = log.Decide(order, verdict);
        await (AfterDecision?.Invoke(order) ?? Task.CompletedTask);
        return OutcomeMapping.ToReply(result);
    }

    public override Task<V1.EndedReply> Resolve(V1.ResolveRequest request, ServerCallContext context)
    {
        if (!CommitMapping.TryRead(request, _verifier, out CommitOrder? order, out Refusal? refusal))
        {
            throw RefusalMapping.ToRpcException(refusal);
        }

        Resolves.Enqueue(order);
        return ResolveRefusals.TryDequeue(out Refusal? scripted)
            ? throw RefusalMapping.ToRpcException(scripted)
            : Task.FromResult(OutcomeMapping.ToReply(log.Decide(order, Outcome.Aborted(AbortReason.Resolved))));
    }

    public override Task<V1.EndedReply> Abort(V1.AbortRequest request, ServerCallContext context)
    {
        if (!_verifier.TryVerify(request.Context, out Model.TransactionContext? transaction, out Refusal? refusal))
        {
            throw RefusalMapping.ToRpcException(refusal);
        }

        Aborts.Enqueue(transaction.Id);
        CommitOrder order = new(transaction, []);
        return Task.FromResult(OutcomeMapping.ToReply(log.Decide(order, Outcome.Aborted(AbortReason.ClientAborted))));
    }

    public override async Task<V1.HeartbeatReply> Heartbeat(V1.HeartbeatRequest request, ServerCallContext context)
    {
        await (BeforeHeartbeat?.Invoke() ?? Task.CompletedTask);
        List<(TransactionId, AbortReason)> ended = [];
        if (!ClientCallMapping.TryRead(request, out ImmutableArray<TransactionId> ids, out Refusal? refusal))
        {
            throw RefusalMapping.ToRpcException(refusal);
        }

        foreach (TransactionId id in ids)
        {
            Heartbeats.Enqueue(id);
            if (EndsAtHeartbeat.TryGetValue(id, out AbortReason reason))
            {
                ended.Add((id, reason));
            }
        }

        return ClientCallMapping.ToHeartbeatReply(ended);
    }

    public override Task<V1.GetOutcomeReply> GetOutcome(V1.GetOutcomeRequest request, ServerCallContext context) =>
        ClientCallMapping.TryRead(request, out TransactionId? id, out IdempotencyKey? key, out Refusal? refusal)
            ? Task.FromResult(OutcomeMapping.ToOutcomeReply(id is { } asked ? log.Find(asked) : log.Find(key!.Value)))
            : throw RefusalMapping.ToRpcException(refusal);

    public override Task<V1.GetTimestampReply> GetTimestamp(V1.GetTimestampRequest request, ServerCallContext context) =>
        Task.FromResult(ClientCallMapping.ToTimestampReply(Clock.Latest, Clock));

    private CommitOrder Read(V1.CommitRequest request) =>
        CommitMapping.TryRead(request, _verifier, out CommitOrder? order, out Refusal? refusal)
            ? order
            : throw RefusalMapping.ToRpcException(refusal);
}
