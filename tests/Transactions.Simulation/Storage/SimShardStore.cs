using Transactions.Clocks;
using Transactions.Model;
using Transactions.Participant;
using Transactions.TestKit.Storage;

namespace Transactions.Simulation;

/// <summary>Runs a shard's storage effects against its database, and shows the observer every change.</summary>
internal sealed class SimShardStore(SimProcess process, ShardId shard, SimCluster cluster, Action<ShardEvent> post)
{
    private readonly SimServer _server = new(process, process.World.Random.Fork(), cluster.Network, cluster.Servers[shard.Value]);

    private readonly string _name = $"{process.Name}:{shard}";
    private bool _isRenewing;

    private FakeShardDatabase Database => cluster.Databases[shard];

    private World World => process.World;

    private bool IsRefusedLate => World.Scenario.Mutant.Store == StoreMutation.RefuseAtApply;

    public void Start(ShardEffect effect)
    {
        switch (effect)
        {
            case ShardEffect.ReadVersions read:
                _server.Read(
                    StorageStep.ReadVersions,
                    () => ReadVersions(read.Query),
                    new VersionsReadResult.Failed("connection lost"),
                    result => post(new ShardEvent.VersionsRead(read.Request, result)));
                break;
            case ShardEffect.ReadOutcome read:
                _server.Read(
                    StorageStep.ReadOutcome,
                    () => Database.ReadOutcome(read.Id),
                    (Succeeded: false, Outcome: null),
                    result => post(new ShardEvent.OutcomeRead(read.Request, result.Succeeded, result.Outcome)));
                break;
            case ShardEffect.Persist persist:
                _server.Write(
                    StorageStep.Persist,
                    fault => Change(effect, persist.Fence.Generation, fault, f => Persist(persist, f)),
                    new PersistResult.Ambiguous("answer lost"),
                    result => post(new ShardEvent.Persisted(persist.Batch, result)));
                break;
            case ShardEffect.Apply apply:
                _server.Write(
                    StorageStep.Apply,
                    fault => Change(effect, apply.Fence.Generation, fault, f => Apply(apply, f)),
                    WriteResult.Ambiguous,
                    result => post(new ShardEvent.Applied(apply.Batch, result)));
                break;
            case ShardEffect.Reconcile reconcile:
                _server.Write<ReconcileResult?>(
                    StorageStep.Reconcile,
                    fault => Change(effect, reconcile.Generation, fault, f => Database.Reconcile(
                        reconcile.Generation, reconcile.Epoch, reconcile.Doubtful, f)),
                    null,
                    result => post(new ShardEvent.Reconciled(reconcile.Request, result)));
                break;
            case ShardEffect.ReadShardRow:
                _server.Read(StorageStep.ReadShardRow, Database.ReadShardRow, null, row => post(new ShardEvent.ShardRowRead(row)));
                break;
            case ShardEffect.TakeOver take:
                _server.Write<TakeoverResult>(
                    StorageStep.TakeOver,
                    fault => Change(effect, take.Seen, fault, f => Database.TakeOver(
                        process.Name, process.Name, take.Seen, take.WaitedOut, take.LeaseUntil, f)),
                    new TakeoverResult.Failed("answer lost"),
                    result => post(new ShardEvent.TakenOver(result)));
                break;
            case ShardEffect.Load load:
                _server.Read(StorageStep.Load, () => Database.Load(load.Generation), null, state => post(new ShardEvent.Loaded(state)));
                break;
            case ShardEffect.Renew renew:
                _isRenewing = true;
                _server.Write(
                    StorageStep.Renew,
                    fault => Change(effect, renew.Generation, fault, f => Database.Renew(
                        renew.Generation, renew.LeaseUntil, renew.VisibleUpto, f)),
                    WriteResult.Ambiguous,
                    result =>
                    {
                        _isRenewing = false;
                        post(new ShardEvent.Renewed(result));
                    });
                break;
            case ShardEffect.HandBack handBack:
                World.Observer.HandsBack(process.Name, shard, _isRenewing);
                _server.Write(
                    StorageStep.HandBack,
                    fault => Change(effect, handBack.Fence.Generation, fault, f => Database.HandBack(handBack.Fence, handBack.LeaseUntil, f)),
                    WriteResult.Ambiguous,
                    result => post(new ShardEvent.HandedBack(result)));
                break;
            case ShardEffect.Prune prune:
                _server.Write(
                    StorageStep.PruneShard,
                    fault => Change(effect, prune.Fence.Generation, fault, f => Database.Prune(
                        prune.Fence, prune.HistoryHorizon, prune.OutcomesMark, f)),
                    WriteResult.Ambiguous,
                    result => post(new ShardEvent.Pruned(result)));
                break;
            default:
                throw new InvalidOperationException($"No storage effect: {effect.GetType().Name}.");
        }
    }

    private VersionsReadResult ReadVersions(VersionQuery query)
    {
        VersionsReadResult result = Database.ReadVersions(query);
        if (result is VersionsReadResult.Succeeded succeeded)
        {
            World.Observer.ReadsVersions(_name, process.Life, query.At, succeeded.Horizon);
        }

        return result;
    }

    private PersistResult Persist(ShardEffect.Persist persist, StorageFault fault)
    {
        foreach (PersistItem item in persist.Items)
        {
            if (item is not PersistItem.Tombstone && !IsRefusedLate && _server.IsPoison(item.Id))
            {
                World.Counters.Add(Fault.PoisonedBatch);
                return new PersistResult.RolledBack(IsTransient: false, "refused");
            }
        }

        return Database.Persist(persist.Fence, persist.Items, fault);
    }

    // X7: what can't be applied was refused when it was prepared; in a mutant it wasn't.
    private WriteResult Apply(ShardEffect.Apply apply, StorageFault fault) =>
        IsRefusedLate && apply.Items.Any(item => item.CommitTimestamp is not null && _server.IsPoison(item.Id))
            ? WriteResult.RolledBack
            : Database.Apply(apply.Fence, apply.Items, fault);

    private T Change<T>(ShardEffect effect, Generation by, StorageFault fault, Func<StorageFault, T> write)
    {
        FakeShardState before = Database.State;
        T result = write(fault);
        FakeShardState after = Database.State;
        if (effect is not ShardEffect.Renew || fault != StorageFault.None)
        {
            World.Note(shard.Value, "writes", (process.Name, effect, fault, (object?)result));
        }

        if (result is WriteResult.Fenced or PersistResult.Fenced)
        {
            World.Counters.Add(Path.FencedWrites);
        }

        if (!ReferenceEquals(before, after))
        {
            World.Observer.ShardChanged(shard, by, before, after, effect);
        }

        return result;
    }
}
