using Transactions.Hosting;
using Transactions.Storage;

namespace Transactions.Participant.Server;

/// <summary>Runs the storage effects of one shard's machine. Each brings an event, and none is waited for without end.</summary>
/// <remarks>
/// Thread-safe. A write without an answer in time is ambiguous (L6): it may be done, or be done yet. A read without one has failed.
/// What a store answers later is dropped: the machine's next ask, fenced or in a new snapshot, tells what is true by then.
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
    private string NoAnswer => $"PostgreSQL gave no answer within {answerTimeout}";

    /// <summary>Starts one effect; the event says how it fared.</summary>
    public async Task<ShardEvent> RunAsync(ShardEffect effect)
    {
        switch (effect)
        {
            case ShardEffect.Persist persist:
                return new ShardEvent.Persisted(persist.Batch, await WriteAsync(
                    () => store.PersistAsync(persist.Fence, persist.Items, ending),
                    new PersistResult.RolledBack(IsTransient: true, "stopping"),
                    new PersistResult.Ambiguous(NoAnswer)));
            case ShardEffect.Apply apply:
                return new ShardEvent.Applied(apply.Batch, await WriteAsync(
                    () => store.ApplyAsync(apply.Fence, apply.Items, ending)));
            case ShardEffect.Renew renew:
                return new ShardEvent.Renewed(await WriteAsync(
                    () => store.RenewAsync(renew.Generation, renew.LeaseUntil, renew.VisibleUpto, ending)));
            case ShardEffect.HandBack handBack:
                return new ShardEvent.HandedBack(await WriteAsync(
                    () => store.HandBackAsync(handBack.Fence, handBack.LeaseUntil, ending)));
            case ShardEffect.Prune prune:
                return new ShardEvent.Pruned(await WriteAsync(
                    () => store.PruneAsync(prune.Fence, prune.HistoryHorizon, prune.OutcomesMark, ending)));
            case ShardEffect.TakeOver takeOver:
                return new ShardEvent.TakenOver(await WriteAsync<TakeoverResult>(
                    () => store.TakeOverAsync(self, takeOver.Seen, takeOver.WaitedOut, takeOver.LeaseUntil, ending),
                    new TakeoverResult.Failed("stopping"),
                    new TakeoverResult.Failed(NoAnswer)));
            case ShardEffect.ReadShardRow:
                return new ShardEvent.ShardRowRead(await ReadAsync(() => store.ReadShardRowAsync(ending)));
            case ShardEffect.Load load:
                return new ShardEvent.Loaded(await ReadAsync(() => store.LoadAsync(load.Generation, ending)));
            case ShardEffect.Reconcile reconcile:
                return new ShardEvent.Reconciled(
                    reconcile.Request, await ReadAsync(() => store.ReconcileAsync(reconcile.Generation, reconcile.Doubtful, ending)));
            case ShardEffect.ReadOutcome read:
                Found? found = await ReadAsync(async () => new Found(await store.ReadOutcomeAsync(read.Id, ending)));
                return new ShardEvent.OutcomeRead(read.Request, found is not null, found?.Outcome);
            default:
                throw new InvalidOperationException($"No such effect: {effect.GetType().Name}.");
        }
    }

    private Task<WriteResult> WriteAsync(Func<Task<WriteResult>> write) =>
        WriteAsync(write, WriteResult.RolledBack, WriteResult.Ambiguous);

    // A write is only ever cancelled before it is sent.
    private async Task<T> WriteAsync<T>(Func<Task<T>> write, T unsent, T unanswered)
    {
        Task<T> asked = write();
        try
        {
            return await asked.WaitAsync(answerTimeout, timeProvider);
        }
        catch (OperationCanceledException)
        {
            return unsent;
        }
        catch (TimeoutException)
        {
            GiveUp(asked);
            return unanswered;
        }
    }

    private async Task<T?> ReadAsync<T>(Func<Task<T>> read)
        where T : class
    {
        Task<T> asked = read();
        try
        {
            return await asked.WaitAsync(answerTimeout, timeProvider);
        }
        catch (Exception e) when (e is StorageUnavailableException or OperationCanceledException)
        {
            observer.StorageFailed(e.Message);
            return null;
        }
        catch (TimeoutException)
        {
            GiveUp(asked);
            return null;
        }
    }

    // What it brings comes too late, but a failure that nobody foresaw is one all the same; at the end the store may be closed under it.
    private async void GiveUp(Task asked)
    {
        observer.StorageFailed(NoAnswer);
        try
        {
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
    }

    private sealed record Found(Model.Outcome? Outcome);
}
