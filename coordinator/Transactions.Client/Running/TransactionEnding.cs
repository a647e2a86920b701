using System.Collections.Immutable;
using System.Diagnostics;
using Grpc.Core;
using Microsoft.Extensions.Logging;
using NodaTime;
using Transactions.Contracts;
using Transactions.Model;
using V1 = Transactions.Contracts.V1;

namespace Transactions.Client;

// Drives transactions to their ends: the pure conversation says what to ask whom, this asks.
internal sealed class TransactionEnding(
    TransactionClientOptions options,
    CoordinatorDirectory coordinators,
    Heartbeats heartbeats,
    ClientClock clock,
    ClientTelemetry telemetry,
    ILogger logger)
{
    // Telling an abort only frees locks sooner; nobody should wait for it as long as for a Commit.
    private static readonly TimeSpan AbortTimeout = TimeSpan.FromSeconds(2);

    public void Track(RootTransaction transaction) => heartbeats.Track(transaction);

    public void Untrack(RootTransaction transaction) => heartbeats.Untrack(transaction);

    public async Task<CommitResult> CommitAsync(
        RootTransaction transaction, CommitOrder order, bool isAskedAgain, CancellationToken cancellationToken)
    {
        using Activity? activity = telemetry.StartCommit(transaction.Id, order.Shards.Length);
        long startedAt = clock.Monotonic;
        CommitStep end = await ConverseAsync(transaction, order, isAskedAgain, cancellationToken);
        telemetry.Committed(clock.Since(startedAt), end);
        return await JudgeAsync(transaction, end);
    }

    // Best effort: what isn't told ends by its missing heartbeats, or its deadline.
    public async Task AbortAsync(RootTransaction transaction, CancellationToken cancellationToken)
    {
        TimeSpan timeout = options.CallTimeout < AbortTimeout ? options.CallTimeout : AbortTimeout;
        try
        {
            await transaction.Session.Link.AskAsync(
                new V1.ClientRequest { Abort = new() { Context = transaction.Signed } }, timeout, cancellationToken);
        }
        catch (RpcException untold)
        {
            HeedRefusal(transaction, RefusalMapping.FromRpcException(untold));
            Log.AbortUntold(logger, transaction.Id, untold.Status.Detail);
        }
    }

    private async Task<CommitStep> ConverseAsync(
        RootTransaction transaction, CommitOrder order, bool isAskedAgain, CancellationToken cancellationToken)
    {
        string home = transaction.Session.Coordinator.Name;
        IEnumerable<string> others = coordinators.InTurn().Select(link => link.Key);
        CommitConversation conversation =
            isAskedAgain ? CommitConversation.Resume(home, others) : new CommitConversation(home, others);
        using CancellationTokenSource patience = clock.CancelAfter(options.OutcomeWait);
        using var waiting = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, patience.Token);
        try
        {
            while (!conversation.IsOver)
            {
                await TakeStepAsync(conversation, transaction, order, waiting.Token);
            }
        }
        catch (OperationCanceledException stopped) when (waiting.IsCancellationRequested)
        {
            Log.InDoubt(logger, transaction.Id);
            throw new TransactionInDoubtException(
                transaction.Id,
                cancellationToken.IsCancellationRequested
                    ? "its Commit was sent, and the caller stopped waiting for the answer."
                    : $"its Commit was sent, and no coordinator told the outcome within {options.OutcomeWait}.",
                stopped);
        }
        catch (ObjectDisposedException disposed)
        {
            Log.InDoubt(logger, transaction.Id);
            throw new TransactionInDoubtException(
                transaction.Id, "its Commit was sent, and the client was disposed before the answer came.", disposed);
        }

        return conversation.Step;
    }

    private Task TakeStepAsync(
        CommitConversation conversation, RootTransaction transaction, CommitOrder order, CancellationToken cancellationToken)
    {
        switch (conversation.Step)
        {
            case CommitStep.SendCommit send:
                V1.ClientRequest commit = new() { Commit = CommitMapping.ToRequest(transaction.Signed, order) };
                return AskAsync(conversation, transaction, send.Coordinator, commit, cancellationToken);

            case CommitStep.SendResolve send:
                // D4: the whole set of the Commit, and its key.
                Log.Resolving(logger, transaction.Id, send.Coordinator);
                telemetry.Resolving();
                V1.ClientRequest resolve = new() { Resolve = CommitMapping.ToResolveRequest(transaction.Signed, order) };
                return AskAsync(conversation, transaction, send.Coordinator, resolve, cancellationToken);

            case CommitStep.Wait wait:
                return WaitAsync(conversation, wait, cancellationToken);

            case var other:
                throw new InvalidOperationException($"No such step: {other}.");
        }
    }

    private async Task AskAsync(
        CommitConversation conversation,
        RootTransaction transaction,
        string coordinator,
        V1.ClientRequest request,
        CancellationToken cancellationToken)
    {
        if (coordinators.Find(coordinator) is not { } link)
        {
            conversation.Refused(new Refusal(
                RefusalStatus.FailedPrecondition,
                RefusalReason.OtherCoordinator,
                $"The transaction belongs to coordinator '{coordinator}', whose address isn't known; add it to Transactions:Coordinators."));
            return;
        }

        try
        {
            V1.ClientReply reply = await link.AskAsync(request, options.CallTimeout, cancellationToken);
            if (OutcomeMapping.TryRead(reply.Ended, out CommitResult? result, out _))
            {
                conversation.Replied(result);
            }
            else
            {
                conversation.Lost();
            }
        }
        catch (RpcException failed) when (RefusalMapping.FromRpcException(failed) is { } refusal)
        {
            HeedRefusal(transaction, refusal);
            conversation.Refused(refusal);
        }
        catch (RpcException lost)
        {
            Log.AnswerLost(logger, transaction.Id, link.Key, lost.Status.Detail);
            link.Forget();
            conversation.Lost();
        }
    }

    private async Task WaitAsync(CommitConversation conversation, CommitStep.Wait wait, CancellationToken cancellationToken)
    {
        await clock.DelayAsync(options.AskAgain.Delay(wait.Attempt, ClientClock.Chance()), cancellationToken);
        conversation.Waited();
    }

    private async Task<CommitResult> JudgeAsync(RootTransaction transaction, CommitStep end)
    {
        switch (end)
        {
            case CommitStep.Ended { Result: { Outcome.IsCommitted: true } result }:
                return result;

            case CommitStep.Ended ended:
                HeedReason(transaction, ended.Result.Outcome.Reason);
                throw TransactionAbortedException.For(transaction.Id, ended.Result.Outcome.Reason);

            case CommitStep.RunAgain again:
                // D4: nothing was written, so nothing happened; what it read proves nothing.
                transaction.Session.Link.Forget(transaction.Session);
                throw new TransactionAbortedException(transaction.Id, new Refusal(
                    RefusalStatus.Aborted, RefusalReason.NothingWritten, again.Message) { MayRetry = true });

            case CommitStep.NotTakenUp { Refusal: var refusal }:
                await AbortAsync(transaction, CancellationToken.None);
                throw Failures.From(transaction.Id, refusal);

            case CommitStep.Expired { Refusal: var refusal }:
                throw new TransactionInDoubtException(
                    transaction.Id,
                    $"its record is older than the retention, so nobody can tell any more ({refusal.Message}).",
                    reason: RefusalReason.Expired);

            default:
                throw new InvalidOperationException($"A conversation doesn't end with {end}.");
        }
    }

    // What the session rests on has changed: the next transaction says Hello first.
    private static void HeedRefusal(RootTransaction transaction, Refusal? refusal)
    {
        if (refusal?.Reason is RefusalReason.OtherIncarnation or RefusalReason.OtherCoordinator or RefusalReason.BadSignature
            or RefusalReason.IdOutOfRange)
        {
            transaction.Session.Link.Forget(transaction.Session);
        }
    }

    private static void HeedReason(RootTransaction transaction, AbortReason reason)
    {
        if (reason is AbortReason.CoordinatorLost or AbortReason.Resolved or AbortReason.HeartbeatMissed)
        {
            transaction.Session.Link.Forget(transaction.Session);
        }
    }
}
