using System.Collections.Immutable;
using System.Diagnostics;
using Transactions.Clocks;
using Transactions.Contracts;
using Transactions.Coordinator.Server.Driving;
using Transactions.Coordinator.Server.Life;
using Transactions.Coordinator.Server.Telemetry;
using Transactions.Model;
using Body = Transactions.Contracts.V1.ClientRequest.BodyOneofCase;
using V1 = Transactions.Contracts.V1;

namespace Transactions.Coordinator.Server.Serving;

// What clients ask, by a unary call or on a stream: each request becomes the machine's event, and its answer the reply. It decides
// nothing. Thread-safe.
internal sealed class ClientCalls(Door door, CoordinatorIdentity identity, CoordinatorMetrics metrics)
{
    // OperationCanceledException: the caller stopped waiting, and the transaction goes on.
    public async Task<V1.ClientReply> AnswerAsync(V1.ClientRequest request, CancellationToken cancellationToken)
    {
        V1.ClientReply reply = door.TryEnter(out CoordinatorDriver? driver, out Refusal? refusal)
            ? await AnswerAsync(driver, request, cancellationToken)
            : Refuse(request, refusal);
        reply.Correlation = request.Correlation;
        return reply;
    }

    private Task<V1.ClientReply> AnswerAsync(CoordinatorDriver driver, V1.ClientRequest request, CancellationToken cancellationToken)
    {
        switch (request.BodyCase)
        {
            case Body.Commit:
                return CommitMapping.TryRead(request.Commit, identity.Verifier, out CommitOrder? commit, out Refusal? refusal)
                    ? CommitAsync(driver, request, commit, cancellationToken)
                    : Refused(request, refusal);

            case Body.Abort:
                return identity.Verifier.TryVerify(request.Abort.Context, out TransactionContext? transaction, out refusal)
                    ? AskAsync<CoordinatorAnswer.Ended>(
                        driver, request, call => new CoordinatorEvent.Abort(call, transaction), ToReply, cancellationToken)
                    : Refused(request, refusal);

            case Body.Resolve:
                return CommitMapping.TryRead(request.Resolve, identity.Verifier, out CommitOrder? order, out refusal)
                    ? AskAsync<CoordinatorAnswer.Ended>(
                        driver,
                        request,
                        call => new CoordinatorEvent.Resolve(call, order.Context, order.Shards, order.Key),
                        ToReply,
                        cancellationToken)
                    : Refused(request, refusal);

            case Body.Heartbeat:
                return ClientCallMapping.TryRead(request.Heartbeat, out ImmutableArray<TransactionId> ids, out refusal)
                    ? AskAsync<CoordinatorAnswer.HeartbeatSeen>(
                        driver,
                        request,
                        call => new CoordinatorEvent.Heartbeat(call, request.Heartbeat.Client, ids),
                        seen => new() { Heartbeat = ClientCallMapping.ToHeartbeatReply(seen.Lost) },
                        cancellationToken)
                    : Refused(request, refusal);

            case Body.GetOutcome:
                return ClientCallMapping.TryRead(request.GetOutcome, out TransactionId? id, out IdempotencyKey? key, out refusal)
                    ? AskAsync<CoordinatorAnswer>(
                        driver, request, call => new CoordinatorEvent.GetOutcome(call, id, key), ToOutcomeReply, cancellationToken)
                    : Refused(request, refusal);

            case Body.GetTimestamp:
                return AskAsync<CoordinatorAnswer.TimestampGiven>(
                    driver, request, call => new CoordinatorEvent.GetTimestamp(call), ToTimestampReply, cancellationToken);

            // Cancel is the stream's own affair. What a later version asks is none of these, either.
            case Body.Cancel:
            case Body.None:
            default:
                return Refused(request, Refusal.Invalid("body", "The request asks nothing that this version knows; send one body."));
        }
    }

    private async Task<V1.ClientReply> CommitAsync(
        CoordinatorDriver driver, V1.ClientRequest request, CommitOrder order, CancellationToken cancellationToken)
    {
        using Activity? activity = CoordinatorMetrics.Activities.StartActivity("coordinator.commit");
        activity?.SetTag("transactions.id", order.Context.Id.ToString()).SetTag("transactions.shards", order.Shards.Length);
        long startedAt = Stopwatch.GetTimestamp();
        return await AskAsync<CoordinatorAnswer.Ended>(
            driver,
            request,
            call => new CoordinatorEvent.Commit(call, order.Context, order.Shards, order.Key, order.Result),
            ended =>
            {
                metrics.CommitAnswered(Stopwatch.GetElapsedTime(startedAt));
                activity?.SetTag("transactions.outcome", ended.Outcome.ToString());
                return ToReply(ended);
            },
            cancellationToken);
    }

    // What the machine answers to a question, of the kind that goes with it.
    private async Task<V1.ClientReply> AskAsync<T>(
        CoordinatorDriver driver,
        V1.ClientRequest request,
        Func<CallId, CoordinatorEvent> question,
        Func<T, V1.ClientReply> toReply,
        CancellationToken cancellationToken)
        where T : CoordinatorAnswer
    {
        CallId call = driver.NextCall();
        CoordinatorAnswer answer = await driver.AskAsync(call, question(call), cancellationToken);
        if (answer is CoordinatorAnswer.Refused refused)
        {
            return Refuse(request, refused.Refusal);
        }

        Invariant.Holds(answer is T, "a call is answered with what was asked for");
        return toReply((T)answer);
    }

    private Task<V1.ClientReply> Refused(V1.ClientRequest request, Refusal refusal) => Task.FromResult(Refuse(request, refusal));

    // Counted for the unary method whatever way it came.
    private V1.ClientReply Refuse(V1.ClientRequest request, Refusal refusal)
    {
        bool isKnown = request.BodyCase is not (Body.None or Body.Cancel);
        door.Count(refusal, $"{V1.Coordinator.Descriptor.FullName}/{(isKnown ? request.BodyCase.ToString() : "Converse")}");
        return new() { Refused = RefusalMapping.ToStatus(refusal) };
    }

    private static V1.ClientReply ToReply(CoordinatorAnswer.Ended ended) => new() { Ended = OutcomeMapping.ToReply(ToResult(ended)) };

    private static V1.ClientReply ToOutcomeReply(CoordinatorAnswer answer) =>
        new() { Outcome = OutcomeMapping.ToOutcomeReply(answer is CoordinatorAnswer.Ended ended ? ToResult(ended) : null) };

    private static V1.ClientReply ToTimestampReply(CoordinatorAnswer.TimestampGiven given) =>
        new() { Timestamp = ClientCallMapping.ToTimestampReply(given.Timestamp, new ClockInterval(given.Earliest, given.Latest)) };

    private static CommitResult ToResult(CoordinatorAnswer.Ended ended) => new(ended.Id, ended.Outcome, ended.Result);
}
