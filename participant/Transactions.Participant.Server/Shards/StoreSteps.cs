using Transactions.Hosting;
using Transactions.Storage;

namespace Transactions.Participant.Server;

/// <summary>Runs the storage effects of one shard's machine. Each brings an event, and none is waited for without end.</summary>
/// <remarks>
/// Thread-safe. The time is a round trip's: a step of many takes as long as it needs. A write without an answer in time is ambiguous
/// (L6): it may be done, or be done yet. A read without one has failed. Either sends nothing more. What a store answers later is
/// dropped: the machine's next ask, fenced or in a new snapshot, tells what is true by then.
/// </remarks>
internal sealed class StoreSteps(
    IShardStore store,
    ShardOwner self,
    TimeSpan answerTimeout,
    TimeProvider timeProvider,
    IProcessStop processStop,
    ShardObserver observer,
    CancellationToken ending)
{
    private readonly TaskCompletionSource _givenUp = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private string NoAnswer => $"PostgreSQL gave no answer within {answerTimeout}";

    /// <summary>Starts one effect; the event says how it fared.</summary>
    public async Task<ShardEvent> RunAsync(ShardEffect effect)
    {
        switch (effect)
        {
            case ShardEffect.Persist persist:
                return new ShardEvent.Persisted(persist.Batch, await WriteAsync(
                    step => store.PersistAsync(persist.Fence, persist.Items, step.Ending),
                    new PersistResult.RolledBack(IsTransient: true, "stopping"),
                    new PersistResult.Ambiguous(NoAnswer)));
            case ShardEffect.Apply apply:
                return new ShardEvent.Applied(apply.Batch, await WriteAsync(
                    step => store.ApplyAsync(apply.Fence, apply.Items, step.Ending)));
            case ShardEffect.Renew renew:
                return new ShardEvent.Renewed(await WriteAsync(
                    step => store.RenewAsync(renew.Generation, renew.LeaseUntil, renew.VisibleUpto, step.Ending)));
            case ShardEffect.HandBack handBack:
                return new ShardEvent.HandedBack(await WriteAsync(
                    step => store.HandBackAsync(handBack.Fence, handBack.LeaseUntil, step.Ending)));
            case ShardEffect.Prune prune:
                return new ShardEvent.Pruned(await WriteAsync(
                    step => store.PruneAsync(prune.Fence, prune.HistoryHorizon, prune.OutcomesMark, step.RoundTripEnded, step.Ending)));
            case ShardEffect.TakeOver takeOver:
                return new ShardEvent.TakenOver(await WriteAsync<TakeoverResult>(
                    step => store.TakeOverAsync(
                        self, takeOver.Seen, takeOver.WaitedOut, takeOver.LeaseUntil, step.RoundTripEnded, step.Ending),
                    new TakeoverResult.Failed("stopping"),
                    new TakeoverResult.Failed(NoAnswer)));
            case ShardEffect.ReadShardRow:
                return new ShardEvent.ShardRowRead(await ReadAsync(step => store.ReadShardRowAsync(step.Ending)));
            case ShardEffect.Load load:
                return new ShardEvent.Loaded(await ReadAsync(step => store.LoadAsync(load.Generation, step.Ending)));
            case ShardEffect.Reconcile reconcile:
                return new ShardEvent.Reconciled(
                    reconcile.Request,
                    await ReadAsync(step => store.ReconcileAsync(
                        reconcile.Generation, reconcile.Epoch, reconcile.Doubtful, step.RoundTripEnded, step.Ending)));
            case ShardEffect.ReadOutcome read:
                Found? found = await ReadAsync(async step => new Found(await store.ReadOutcomeAsync(read.Id, step.Ending)));
                return new ShardEvent.OutcomeRead(read.Request, found is not null, found?.Outcome);
            default:
                throw new InvalidOperationException($"No such effect: {effect.GetType().Name}.");
        }
    }

    /// <summary>Waits for no answer any more, those under way included. The store may be closed then.</summary>
    public void GiveUpAll() => _givenUp.TrySetResult();

    private Task<WriteResult> WriteAsync(Func<StepWatch, Task<WriteResult>> write) =>
        WriteAsync(write, WriteResult.RolledBack, WriteResult.Ambiguous);

    // A write is only ever cancelled before it is sent.
    private async Task<T> WriteAsync<T>(Func<StepWatch, Task<T>> write, T unsent, T unanswered)
    {
        try
        {
            return await AwaitAsync(write);
        }
        catch (OperationCanceledException)
        {
            return unsent;
        }
        catch (TimeoutException)
        {
            return unanswered;
        }
    }

    private async Task<T?> ReadAsync<T>(Func<StepWatch, Task<T>> read)
        where T : class
    {
        try
        {
            return await AwaitAsync(read);
        }
        catch (Exception e) when (e is StorageUnavailableException or OperationCanceledException)
        {
            observer.StorageFailed(e.Message);
            return null;
        }
        catch (TimeoutException)
        {
            return null;
        }
    }

    // Throws TimeoutException when a round trip wasn't answered in time, or nothing is waited for any more.
    private async Task<T> AwaitAsync<T>(Func<StepWatch, Task<T>> begin)
    {
        StepWatch step = new(answerTimeout, timeProvider, ending);
        Task<T> asked = begin(step);
        if (await Task.WhenAny(asked, step.Silent, _givenUp.Task) != asked)
        {
            GiveUp(asked, step);
            throw new TimeoutException(NoAnswer);
        }

        step.Dispose();
        return await asked;
    }

    // What it brings comes too late, but a failure that nobody foresaw is one all the same; at the end the store may be closed under it.
    private async void GiveUp(Task asked, StepWatch step)
    {
        observer.StorageFailed(NoAnswer);
        try
        {
            // Its next round trip would go on beside what the machine asks now.
            await step.GiveUpAsync();
            await asked;
        }
        catch (Exception e) when (e is StorageUnavailableException or OperationCanceledException || ending.IsCancellationRequested)
        {
            observer.StorageFailed(e.Message);
        }
        catch (Exception unexpected)
        {
            processStop.Stop(unexpected);
        }
        finally
        {
            step.Dispose();
        }
    }

    private sealed record Found(Model.Outcome? Outcome);
}
