using System.Diagnostics;
using Transactions.Coordinator.Server.Telemetry;
using Transactions.Storage;

namespace Transactions.Coordinator.Server.Driving;

// The machine's effects on the decision log: each brings back one event, whatever happens.
internal sealed class DecisionLogWork(IDecisionLog log, LogState state, CoordinatorMetrics metrics, TimeProvider timeProvider)
{
    private volatile bool _isStopping;

    // From now on failures are our own doing, and nobody waits for results.
    public void Stop() => _isStopping = true;

    public async Task<CoordinatorEvent> RecordAsync(CoordinatorEffect.Record effect)
    {
        // Writing a batch out is work: the loop goes on meanwhile.
        await Task.Yield();
        using Activity? activity = CoordinatorMetrics.Activities.StartActivity("coordinator.record");
        activity?.SetTag("transactions.batch.size", effect.Decisions.Length);
        long startedAt = timeProvider.GetTimestamp();
        RecordResult result = await TryRecordAsync(effect).ConfigureAwait(false);
        metrics.Recorded(effect.Decisions.Length, result, timeProvider.GetElapsedTime(startedAt));
        if (result is RecordResult.Committed)
        {
            state.Answered();
        }

        return new CoordinatorEvent.Recorded(effect.Batch, result);
    }

    private async Task<RecordResult> TryRecordAsync(CoordinatorEffect.Record effect)
    {
        try
        {
            return await log.RecordAsync(effect.Decisions, CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception stopped) when (_isStopping)
        {
            return new RecordResult.Ambiguous(stopped.Message);
        }
    }

    public Task<CoordinatorEvent> ReadAsync(CoordinatorEffect.Read effect) => TryAsync(
        async () => new CoordinatorEvent.DecisionRead(
            effect.Request, await log.ReadAsync(effect.Id, effect.Key, CancellationToken.None).ConfigureAwait(false)),
        new CoordinatorEvent.DecisionRead(effect.Request, null));

    public Task<CoordinatorEvent> FindUnappliedAsync(CoordinatorEffect.FindUnapplied effect) => TryAsync(
        async () => new CoordinatorEvent.UnappliedFound(
            await log.FindUnappliedAsync(effect.Limit, CancellationToken.None).ConfigureAwait(false)),
        new CoordinatorEvent.UnappliedFound(null));

    public Task<CoordinatorEvent> PruneAsync(CoordinatorEffect.Prune effect) => TryAsync(
        async () => new CoordinatorEvent.Pruned(await log.PruneAsync(effect.Mark, CancellationToken.None).ConfigureAwait(false)),
        new CoordinatorEvent.Pruned(null));

    public async Task<CoordinatorEvent> MarkAppliedAsync(CoordinatorEffect.MarkApplied effect)
    {
        await Task.Yield();
        try
        {
            bool isDurable = await log.MarkAppliedAsync(effect.Applied, CancellationToken.None).ConfigureAwait(false);
            return new CoordinatorEvent.MarkedApplied(effect.Batch, isDurable);
        }
        catch (Exception) when (_isStopping)
        {
            return new CoordinatorEvent.MarkedApplied(effect.Batch, Succeeded: false);
        }
    }

    // No answer proves nothing (D2).
    private async Task<CoordinatorEvent> TryAsync(Func<Task<CoordinatorEvent>> ask, CoordinatorEvent noAnswer)
    {
        await Task.Yield();
        try
        {
            CoordinatorEvent answer = await ask().ConfigureAwait(false);
            state.Answered();
            return answer;
        }
        catch (StorageUnavailableException lost)
        {
            state.Lost(lost.Message);
            return noAnswer;
        }
        catch (Exception) when (_isStopping)
        {
            return noAnswer;
        }
    }
}
