using Transactions.Clocks;

namespace Transactions.Participant;

/// <summary>Raises the history horizon and the outcomes mark from time to time (S2, D5).</summary>
internal sealed class Pruner(ShardCore core, ShardLease lease, OutcomeReader register)
{
    private bool _isUnderWay;
    private long _pruneAt;

    public void TimePassed()
    {
        if (_isUnderWay || core.NowMicroseconds < _pruneAt || !core.Clock.IsHealthy)
        {
            return;
        }

        _pruneAt = core.NowMicroseconds + (core.Options.PruneInterval.BclCompatibleTicks / 10);
        Timestamp earliest = core.Clock.Earliest;
        Timestamp mark = earliest.Minus(core.Limits.MaxLifetime).Minus(core.Limits.Retention);
        _isUnderWay = true;

        // D5: rows may go before the answer comes.
        register.RaiseMark(mark);

        // X10: a tombstone goes only with all that it hides; an older version that isn't in PostgreSQL yet would come back.
        // S4: and what is published as visible is read there until more is.
        Timestamp horizon = Timestamp.Min(earliest.Minus(core.Options.HistoryRetention), lease.PublishedVisibleUpto);
        core.Emit(new ShardEffect.Prune(lease.Fence, horizon, mark));
    }

    public void Handle(ShardEvent.Pruned e)
    {
        _isUnderWay = false;
        switch (e.Result)
        {
            // Raised or not, nothing here depends on it. An epoch raised meanwhile fences it too; the next batch or renewal
            // tells whether the shard is lost.
            case WriteResult.Committed or WriteResult.RolledBack or WriteResult.Ambiguous or WriteResult.Fenced:
                break;

            default:
                throw new InvalidOperationException($"Pruning can't end as {e.Result}.");
        }
    }
}
