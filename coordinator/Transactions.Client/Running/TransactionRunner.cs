using System.Diagnostics;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using NodaTime;
using Transactions.Clocks;
using Transactions.Model;

namespace Transactions.Client;

// Runs bodies to their committed end: begins, commits, and runs again what a conflict ended.
internal sealed class TransactionRunner(
    TransactionClientOptions options,
    TransactionBeginning beginning,
    Outcomes outcomes,
    ClientClock clock,
    ClientTelemetry telemetry,
    ILogger logger)
{
    public async Task<RunResult<T>> RunAsync<T>(
        Func<Transaction, Task<T>> body, RunOptions run, bool storesResult, CancellationToken cancellationToken)
    {
        run.Validate();
        RequireNoTransaction();
        using Activity? activity = telemetry.StartTransaction();
        long startedAt = clock.Monotonic;
        string outcome = "failed";
        try
        {
            RunResult<T> result = await RunToEndAsync(body, run, storesResult, cancellationToken);
            outcome = result.WasReplay ? "replayed" : "committed";
            return result;
        }
        catch (TransactionAbortedException)
        {
            outcome = "aborted";
            throw;
        }
        catch (TransactionInDoubtException)
        {
            outcome = "in_doubt";
            throw;
        }
        finally
        {
            telemetry.Ended(activity, clock.Since(startedAt), outcome);
        }
    }

    private async Task<RunResult<T>> RunToEndAsync<T>(
        Func<Transaction, Task<T>> body, RunOptions run, bool storesResult, CancellationToken cancellationToken)
    {
        Duration timeout = run.Timeout ?? Duration.FromTimeSpan(options.DefaultTimeout);
        RetryAttempt attempt = RetryAttempt.First(clock.Now);
        Timestamp deadline = attempt.Priority.Plus(timeout);
        bool isReplayKnown = run.IdempotencyKey is null;
        AttemptFailure? failure = null;
        while (true)
        {
            try
            {
                // D6: a repeat gets the first one's result without running anything.
                if (!isReplayKnown)
                {
                    CommitResult? earlier = await BeforeBeginAsync(outcomes.FindAsync(run.IdempotencyKey!, cancellationToken));
                    if (earlier is { Outcome.IsCommitted: true })
                    {
                        return Replay<T>(earlier, attempt.Number, storesResult);
                    }

                    isReplayKnown = true;
                }

                return await AttemptAsync(body, run, storesResult, attempt, deadline, cancellationToken);
            }
            catch (AttemptFailedException failed)
            {
                failure = failed.Failure;
            }
            catch (TransactionAbortedException late) when (late.Reason == AbortReason.DeadlinePassed && failure is { } before)
            {
                // The deadline cut this attempt short; what went wrong is what the one before says.
                throw late.After(before.Cause);
            }

            // The key may be taken by the time that this one aborted.
            isReplayKnown = run.IdempotencyKey is null;
            await PauseAsync(run.Retry ?? options.Retry, attempt, deadline, failure.Value, cancellationToken);
            attempt = attempt.Next();
        }
    }

    private async Task<RunResult<T>> AttemptAsync<T>(
        Func<Transaction, Task<T>> body,
        RunOptions run,
        bool storesResult,
        RetryAttempt attempt,
        Timestamp deadline,
        CancellationToken cancellationToken)
    {
        await using RootTransaction transaction =
            await BeforeBeginAsync(beginning.BeginAsync(attempt.Priority, deadline, cancellationToken));
        using Activity? activity = telemetry.StartAttempt(transaction.Id, attempt.Number + 1);
        T value = await RunBodyAsync(body, transaction, cancellationToken);
        CommitResult ended;
        try
        {
            ReadOnlyMemory<byte>? result = null;
            if (run.IdempotencyKey is not null && storesResult)
            {
                result = JsonSerializer.SerializeToUtf8Bytes(value, options.Json);
            }

            ended = await transaction.EndAsync(run.IdempotencyKey, result, cancellationToken);
        }
        catch (TransactionAbortedException aborted) when (IsWorthAnotherRun(aborted, run))
        {
            throw new AttemptFailedException(new(aborted, aborted, transaction.Id));
        }
        catch (TransactionRefusedException refused) when (refused.MayRetry)
        {
            throw new AttemptFailedException(new(refused, refused, transaction.Id));
        }

        return ended.Id == transaction.Id
            ? new(value, new(ended.Id, ended.Outcome.CommitTimestamp, attempt.Number + 1, WasReplay: false))
            : Replay<T>(ended, attempt.Number + 1, storesResult);
    }

    private static async Task<T> RunBodyAsync<T>(
        Func<Transaction, Task<T>> body, RootTransaction transaction, CancellationToken cancellationToken)
    {
        try
        {
            using (transaction.Use())
            {
                return await body(transaction);
            }
        }
        catch (Exception failure)
        {
            Doom? doom = transaction.Ledger.Doom;
            AbortReason reason = transaction.EndedElsewhere;
            bool isDeadlinePassed = transaction.IsDeadlinePassed;
            transaction.Ledger.Condemn("Its body failed.", mayRetry: false);
            await transaction.GiveUpAsync(CancellationToken.None);

            if (cancellationToken.IsCancellationRequested)
            {
                throw;
            }

            // What the body saw is then the deadline's own doing.
            if (isDeadlinePassed && failure is OperationCanceledException or TransactionAbortedException { MayRetry: true })
            {
                throw TransactionAbortedException.For(
                    transaction.Id,
                    new Doom("its deadline passed while its body ran; give it more time, or do less in it.", false),
                    AbortReason.DeadlinePassed,
                    failure);
            }

            if (doom is { MayRetry: true })
            {
                throw new AttemptFailedException(new(
                    TransactionAbortedException.For(transaction.Id, doom, reason, failure), failure, transaction.Id));
            }

            // A shard between two owners, a full queue: nothing ended the transaction, and another run may find it mended.
            if (doom is null && Failures.RefusalIn(failure) is { MayRetry: true } refusal)
            {
                throw new AttemptFailedException(new(
                    new TransactionAbortedException(transaction.Id, refusal, failure), failure, transaction.Id));
            }

            throw;
        }
    }

    // No coordinator answers for now: nothing was begun.
    private static async Task<T> BeforeBeginAsync<T>(Task<T> step)
    {
        try
        {
            return await step;
        }
        catch (TransactionRefusedException refused) when (refused.MayRetry)
        {
            throw new AttemptFailedException(new(refused, refused, default));
        }
    }

    private async Task PauseAsync(
        RetryPolicy policy, RetryAttempt attempt, Timestamp deadline, AttemptFailure failure, CancellationToken cancellationToken)
    {
        if (!policy.TryNext(attempt, ClientClock.Chance(), clock.Now, deadline, out Duration pause))
        {
            throw failure.ToThrow;
        }

        Log.Retrying(logger, failure.Id, attempt.Number + 1, pause.ToTimeSpan(), failure.Cause.Message);
        await clock.DelayAsync(pause, cancellationToken);
    }

    // A key that was taken meanwhile is looked up by the next run, which then replays.
    private static bool IsWorthAnotherRun(TransactionAbortedException aborted, RunOptions run) =>
        aborted.MayRetry || (run.IdempotencyKey is not null && aborted.Reason == AbortReason.IdempotencyKeyTaken);

    private RunResult<T> Replay<T>(CommitResult earlier, int attempts, bool storesResult)
    {
        CommitReceipt receipt = new(earlier.Id, earlier.Outcome.CommitTimestamp, attempts, WasReplay: true);
        if (!storesResult)
        {
            return new(default!, receipt);
        }

        return earlier.Result is { } stored
            ? new(JsonSerializer.Deserialize<T>(stored.Span, options.Json)!, receipt)
            : throw new InvalidOperationException(
                $"Transaction {earlier.Id} committed at {earlier.Outcome.CommitTimestamp} under this idempotency key without a result, "
                + "and this run wants one: don't use one key for two kinds of requests.");
    }

    private static void RequireNoTransaction()
    {
        if (Transaction.Current is { } outer)
        {
            throw new InvalidOperationException(
                $"Transaction {outer.Id} already runs here, and transactions don't nest: act within it, or begin the other one in "
                + "'using (Transaction.Suppress())', which makes it independent of the first.");
        }
    }

    // What to throw when there is no other run, and what happened.
    private readonly record struct AttemptFailure(Exception ToThrow, Exception Cause, TransactionId Id);

    // Leads out of one attempt to the next, never out of here.
    private sealed class AttemptFailedException(AttemptFailure failure) : Exception("run it again", failure.Cause)
    {
        public AttemptFailure Failure { get; } = failure;
    }
}
