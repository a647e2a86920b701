using NodaTime;
using Transactions.Clocks;
using Transactions.Model;
using Transactions.Participant;

namespace Transactions.Simulation;

/// <summary>One worker of a client: runs one business transaction after another until the storm is over.</summary>
internal sealed class Worker(SimClient client)
{
    private readonly IReadOnlyList<IWorkload> _workloads = Workloads.Of(client);
    private int _requests;

    private World World => client.World;

    private SimRandom Random => client.Random;

    public async Task Run()
    {
        await client.Delay(Random.Between(0, 50_000));
        while (World.Observer.MayBegin)
        {
            if (World.IsAsleep)
            {
                await client.Delay(World.WakesAt - World.Now + Random.Between(0, 200_000));
            }
            else if (Random.Chance(World.Scenario.Snapshots))
            {
                await SimSnapshot.Run(client, Random.Pick(_workloads));
            }
            else
            {
                await RunRequest();
            }

            if (Random.Chance(0.5))
            {
                await client.Delay(Random.Skewed(100, 60_000));
            }
        }
    }

    // D6: some requests have a key; some of these are sent twice, at once or one after the other.
    private async Task RunRequest()
    {
        Func<SimTransaction, Task> work = Random.Pick(_workloads).Pick();
        if (!Random.Chance(0.15))
        {
            await RunUntilDone(work, key: null);
            return;
        }

        string key = $"{client.Life}-{Random.NextUInt():x8}-{++_requests}";
        World.Counters.Add(Path.Keyed);
        switch (Random.Next(3))
        {
            case 0:
                await Task.WhenAll(RunUntilDone(work, key), RunUntilDone(work, key));
                break;
            case 1:
                await RunUntilDone(work, key);
                await RunUntilDone(work, key);
                break;
            default:
                await RunUntilDone(work, key);
                break;
        }
    }

    private async Task RunUntilDone(Func<SimTransaction, Task> work, string? key)
    {
        Timestamp start = client.Present();
        Timestamp deadline = start.Plus(World.Scenario.Limits.MaxLifetime);
        RetryAttempt attempt = RetryAttempt.First(start);
        while (World.Observer.MayBegin && !World.IsAsleep && await RunOnce(work, key, attempt))
        {
            if (!client.Retries.TryNext(attempt, Random.NextDouble(), client.Present(), deadline, out Duration delay))
            {
                return;
            }

            await client.Delay(delay.BclCompatibleTicks / 10);
            attempt = attempt.Next();
        }
    }

    // X2, X5: an operation that Commit doesn't wait for, or that comes when it may be over.
    private void BeCareless(SimTransaction transaction)
    {
        (ShardId shard, Operation operation) = Random.Pick(_workloads).Stray(transaction);
        if (Random.Chance(0.5))
        {
            World.Counters.Add(Path.CommitsInFlight);
            transaction.Facts.IsCareless = true;
            _ = transaction.Do(shard, operation);
        }
        else
        {
            ShardId[] written = [.. transaction.Facts.Writes.Keys.Select(key => key.Shard).Distinct()];
            shard = written.Length > 0 ? Random.Pick(written) : shard;
            transaction.Recorded.Try(shard, operation);
            transaction.DoUncountedLater(shard, operation, 3_000_000);
        }
    }

    // Whether it shall be run again.
    private async Task<bool> RunOnce(Func<SimTransaction, Task> work, string? key, RetryAttempt attempt)
    {
        SimTransaction? transaction = await client.Begin(attempt);
        if (transaction is null)
        {
            return true;
        }

        if (!transaction.HasStrangeDates || Random.Chance(0.5))
        {
            await work(transaction);
        }

        if (!World.Scenario.IsCalm && Random.Chance(0.01))
        {
            // Nothing more is heard of it: neither Commit nor Abort nor heartbeat.
            World.Counters.Add(Path.ClientsVanished);
            client.Abandon(transaction);
            return false;
        }

        if (Random.Chance(0.03) || (transaction.HasFailed && (transaction.Facts.HasWritten || Random.Chance(0.5))))
        {
            World.Counters.Add(Path.ClientAborts);
            await transaction.Abort();
            return transaction.HasFailed;
        }

        if (World.WillSleep && Random.Chance(0.15))
        {
            await transaction.SleepUntilForgotten();
        }
        else if (!World.Scenario.IsCalm && Random.Chance(0.02))
        {
            // Late, perhaps too late.
            await client.Delay(Random.Skewed(1_000, 2_000_000));
        }

        if (Random.Chance(World.Scenario.Carelessness))
        {
            BeCareless(transaction);
        }

        CommitStep? step = await transaction.Commit(transaction.HasStrangeDates ? null : key);
        switch (step)
        {
            case null:
                await transaction.Abort();
                return transaction.Ledger.Doom is { MayRetry: true };
            case CommitStep.Ended ended:
                return !ended.Result.Outcome.IsCommitted && ended.Result.Outcome.Reason.MayRetry();
            case CommitStep.RunAgain:
                World.Counters.Add(Path.RunAgain);
                return true;
            case CommitStep.NotTakenUp:
                World.Counters.Add(Path.NotTakenUp);
                await transaction.Abort();
                return true;
            case CommitStep.Expired:
                return false;
            default:
                throw new InvalidOperationException($"No end of a conversation: {step}.");
        }
    }
}
