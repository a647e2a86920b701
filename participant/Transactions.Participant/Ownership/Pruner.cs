using Transactions.Clocks;

namespace Transactions.Participant;

/// <summary>Raises the history horizon and the outcomes mark from time to time (S2, D5).</summary>
internal sealed class Pruner(ShardCore core, ShardLease lease, OutcomeReader register)
{
    private Timestamp? _markAskedFor;
    private long _pruneAt;

    public void TimePassed()
    {
        if (_markAskedFor is not null || core.NowMicroseconds < _pruneAt || !core.Clock.IsHealthy)
        {
            return;
        }

        _pruneAt = core.NowMicroseconds + (core.Options.PruneInterval.BclCompatibleTicks / 10);
        Timestamp earliest = core.Clock.Earliest;
        Timestamp mark = earliest.Minus(core.Limits.MaxLifetime).Minus(core.Limits.Retention);
        _markAskedFor = mark;
        core.Emit(new ShardEffect.Prune(lease.Fence, earliest.Minus(core.Options.HistoryRetention), mark));
    }

    public void Handle(ShardEvent.Pruned e)
    {
        if (_markAskedFor is not { } mark)
        {
            return;
        }

        _markAskedFor = null;
        switch (e.Result)
        {
            case WriteResult.Committed:
                register.Mark = Timestamp.Max(register.Mark, mark);
                break;

            // Raised or not, nothing here depends on it: the store looks at the mark itself.
            case WriteResult.RolledBack or WriteResult.Ambiguous:
                break;

            // An epoch raised meanwhile fences it too; the next batch or renewal tells whether the shard is lost.
            case WriteResult.Fenced:
                break;

            default:
                throw new InvalidOperationException($"Pruning can't end as {e.Result}.");
        }
    }
}
