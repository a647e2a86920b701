using Transactions.Model;

namespace Transactions.Participant;

/// <summary>Looks after transactions that voted and got no word: writers ask (D3), readers let go when their vote ends (X12).</summary>
internal sealed class VotedTransactions(ShardCore core, ShardLease lease, TransactionTable transactions)
{
    private readonly List<ShardTransaction> _voted = [];

    /// <summary>How often the home coordinator may stay silent before any other is asked.</summary>
    private const int AsksBeforeOthers = 2;

    private readonly SortedDictionary<string, CoordinatorId> _connected = new(StringComparer.Ordinal);
    private int _nextOther;

    /// <summary>Takes in a transaction that voted YES, and from when on it asks if it is a writer.</summary>
    public void Add(ShardTransaction transaction, long askAt)
    {
        transaction.AskAt = askAt;
        _voted.Add(transaction);
    }

    public void Clear() => _voted.Clear();

    public void Connected(CoordinatorId coordinator)
    {
        _connected[coordinator.Name] = coordinator;
        foreach (ShardTransaction transaction in _voted)
        {
            transaction.AskAt = Math.Min(transaction.AskAt, core.NowMicroseconds);
            if (transaction.Context.Coordinator == coordinator)
            {
                // It was silent because it was away: it is asked first, before any that would end the transaction.
                transaction.UnansweredAsks = 0;
            }
        }
    }

    public void Lost(CoordinatorId coordinator)
    {
        if (_connected.GetValueOrDefault(coordinator.Name) == coordinator)
        {
            _connected.Remove(coordinator.Name);
        }
    }

    public void Receive(CoordinatorFrame.Pending frame)
    {
        if (transactions.Find(frame.Id) is { Status: TransactionStatus.Prepared } transaction)
        {
            transaction.UnansweredAsks = 0;
        }
    }

    public void TimePassed()
    {
        _voted.RemoveAll(static transaction =>
            transaction.Status is not (TransactionStatus.Prepared or TransactionStatus.PreparedReader));
        foreach (ShardTransaction transaction in _voted)
        {
            if (transaction.Status == TransactionStatus.Prepared && core.NowMicroseconds >= transaction.AskAt)
            {
                Ask(transaction);
            }
            else if (transaction.Status == TransactionStatus.PreparedReader
                && core.Clock.IsHealthy
                && (core.Mutation == Mutation.FreeReadersEarly ? core.Clock.Latest : core.Clock.Earliest) > transaction.ValidUntil)
            {
                LetGo(transaction);
            }
        }
    }

    private void Ask(ShardTransaction transaction)
    {
        CoordinatorId home = transaction.Context.Coordinator;
        transaction.AskAt = core.NowMicroseconds + (core.Options.InDoubtInterval.BclCompatibleTicks / 10);
        if (transaction.UnansweredAsks == AsksBeforeOthers)
        {
            core.Notify(new ShardNotice.InDoubt(transaction.Id, home));
        }

        // D3: home, while it is the same incarnation and answers; else any.
        bool isHomeThere = _connected.GetValueOrDefault(home.Name) == home && transaction.UnansweredAsks < AsksBeforeOthers;
        CoordinatorId? asked = isHomeThere ? home : NextOther();
        transaction.UnansweredAsks++;
        if (asked is { } coordinator)
        {
            core.Emit(new ShardEffect.Send(coordinator, new ShardFrame.InDoubt(transaction.Id, lease.Owner, home)));
        }
    }

    private CoordinatorId? NextOther() =>
        _connected.Count == 0 ? null : _connected.Values.ElementAt((int)((uint)_nextOther++ % (uint)_connected.Count));

    // X12: nothing that this reader saw can change at or below its vote's end, and no commit lies above that.
    private void LetGo(ShardTransaction transaction)
    {
        if (core.Mutation != Mutation.FreeReadersEarly)
        {
            core.Sequence.Observe(transaction.ValidUntil);
        }

        transactions.Release(transaction, Outcome.Aborted(AbortReason.CoordinatorLost));
        transactions.Forget(transaction);
    }
}
