using Transactions.Model;

namespace Transactions.Participant;

/// <summary>Tells coordinators how a transaction of this one shard ended here, ending it if it hasn't (D4).</summary>
internal sealed class OnePhaseResolver(
    ShardCore core, ShardLease lease, TransactionTable transactions, PersistQueue persists, OutcomeReader register)
{
    private readonly Dictionary<TransactionId, List<CoordinatorId>> _tombstones = [];

    public void Receive(CoordinatorId from, CoordinatorFrame.ResolveOnePhase frame)
    {
        ShardTransaction? transaction = transactions.Find(frame.Id);
        if (core.Mutation == Mutation.ResolveWithoutTombstone && (transaction is null || transaction.Status == TransactionStatus.Active))
        {
            register.Read(frame.Id, held => Send(from, frame.Id, ToResolution(held)));
            return;
        }

        switch (transaction?.Status)
        {
            case null:
                ResolveUnknown(from, frame.Id);
                break;

            case TransactionStatus.Active:
                transactions.Drop(transaction, AbortReason.Resolved, tell: false);
                WriteTombstone(from, frame.Id);
                break;

            // One that is persisting is waited for.
            case TransactionStatus.Preparing or TransactionStatus.CommittingOnePhase or TransactionStatus.AwaitingCommitWait:
                transaction.AddOnce(transaction.Resolvers, from);
                break;

            case TransactionStatus.Prepared or TransactionStatus.PreparedReader:
                Send(from, frame.Id, ShardResolution.Of(ShardResolutionKind.Voted));
                break;

            case TransactionStatus.Applying or TransactionStatus.Dropping or TransactionStatus.Ended:
                Send(from, frame.Id, ToResolution(transaction.Outcome));
                break;
        }
    }

    /// <summary>Answers those that waited for a persist of this transaction.</summary>
    public void AnswerWaiting(ShardTransaction transaction)
    {
        foreach (CoordinatorId resolver in transaction.Resolvers)
        {
            Send(resolver, transaction.Id, transaction.Status == TransactionStatus.Prepared
                ? ShardResolution.Of(ShardResolutionKind.Voted)
                : ToResolution(transaction.Outcome));
        }

        transaction.Resolvers.Clear();
    }

    public void Clear() => _tombstones.Clear();

    private void ResolveUnknown(CoordinatorId from, TransactionId id)
    {
        if (transactions.Ended.TryGet(id, out Outcome known) && known.IsCommitted)
        {
            Send(from, id, ShardResolution.Committed(known.CommitTimestamp));
        }
        else if (register.MayBePruned(id))
        {
            // D5: no row is inserted below the mark, but one that is still there is answered.
            register.Read(id, held => Send(
                from, id, held is null && core.Mutation != Mutation.ResolveExpiredAsAbort ? ShardResolution.Of(ShardResolutionKind.Expired) : ToResolution(held)));
        }
        else
        {
            // It may have ended in one phase under an earlier owner, or before its memory faded: the register says.
            transactions.Ended.Remember(id, transactions.Ended.TryGet(id, out known) ? known : Outcome.Aborted(AbortReason.Resolved));
            WriteTombstone(from, id);
        }
    }

    private void WriteTombstone(CoordinatorId from, TransactionId id)
    {
        if (_tombstones.TryGetValue(id, out List<CoordinatorId>? waiting))
        {
            // It asks again and again while the storage is silent, and needs one answer.
            if (!waiting.Contains(from))
            {
                waiting.Add(from);
            }

            return;
        }

        // A full queue answers nothing: the coordinator asks again.
        if (persists.IsFull)
        {
            return;
        }

        _tombstones.Add(id, [from]);
        persists.Enqueue(new PersistJob(new PersistItem.Tombstone(id, AbortReason.Resolved))
        {
            Persisted = held => Finish(id, held),
            Refused = message =>
            {
                core.Notify(new ShardNotice.StorageFailing($"the tombstone of {id}", message));
                _tombstones.Remove(id);
            },
        });
    }

    private void Finish(TransactionId id, Outcome? held)
    {
        if (!_tombstones.Remove(id, out List<CoordinatorId>? waiting))
        {
            return;
        }

        if (held is { } outcome)
        {
            transactions.Ended.Remember(id, outcome);
        }

        foreach (CoordinatorId resolver in waiting)
        {
            // No row may be inserted at or below the mark: what became of it can't be said any more.
            Send(resolver, id, held is null && core.Mutation != Mutation.ResolveExpiredAsAbort ? ShardResolution.Of(ShardResolutionKind.Expired) : ToResolution(held));
        }
    }

    private static ShardResolution ToResolution(Outcome? outcome) => outcome is { IsCommitted: true } committed
        ? ShardResolution.Committed(committed.CommitTimestamp)
        : ShardResolution.Of(ShardResolutionKind.NotCommitted);

    private void Send(CoordinatorId to, TransactionId id, ShardResolution resolution) =>
        core.Emit(new ShardEffect.Send(to, new ShardFrame.Resolved(id, lease.Owner, resolution)));
}
