using System.Collections.Immutable;
using Transactions.Clocks;
using Transactions.Coordinator.Delivering;
using Transactions.Coordinator.Owners;
using Transactions.Coordinator.Running;
using Transactions.Coordinator.Timing;
using Transactions.Coordinator.Turns;
using Transactions.Model;

namespace Transactions.Coordinator.Recovery;

// D5: any coordinator resends outcomes that lack an Applied, and raises the low-water mark. Several may do so at once.
internal sealed class LogUpkeep(
    Workspace work, TransactionTable table, OutcomeDelivery delivery, ShardDirectory directory, CommitWaits waits)
{
    // Enough to keep the shards busy until the next search, few enough to hold in memory.
    private const int MostAtOnce = 10_000;

    private readonly HashSet<TransactionId> _waiting = [];
    private long _nextSearch = long.MinValue;
    private long? _nextPrune;
    private bool _isSearching;
    private bool _isPruning;

    // At the first event whatever it is: another life's commits may wait for someone to tell them.
    public void OnTime()
    {
        if (!_isSearching && work.Microseconds >= _nextSearch)
        {
            Search();
        }

        _nextPrune ??= work.After(work.Options.PruneInterval);
        if (!_isPruning && work.Microseconds >= _nextPrune)
        {
            Prune();
        }
    }

    private void Search()
    {
        _nextSearch = work.After(work.Options.RecoveryInterval);
        _isSearching = true;
        work.Emit(new CoordinatorEffect.FindUnapplied(MostAtOnce));
    }

    public void OnUnappliedFound(ImmutableArray<Decision>? decisions)
    {
        _isSearching = false;
        foreach (Decision decision in decisions ?? [])
        {
            if (decision.Outcome.IsCommitted
                && !table.TryFind(decision.Id, out _)
                && !delivery.IsTracking(decision.Id)
                && _waiting.Add(decision.Id))
            {
                // X9: perhaps another coordinator has just recorded it.
                waits.WhenPast(decision.Outcome.CommitTimestamp, () => Deliver(decision));
            }
        }
    }

    private void Deliver(Decision decision)
    {
        _waiting.Remove(decision.Id);
        foreach (ShardGeneration writer in decision.Writers)
        {
            directory.Send(writer.Shard, new CoordinatorFrame.Ended(decision.Id, decision.Outcome));
        }

        delivery.Track(decision.Id, decision.Outcome, decision.Writers, isOwn: false);
    }

    // D5: nothing dated at or below the mark can still be begun, resolved by its client, or wanted.
    private void Prune()
    {
        _nextPrune = work.After(work.Options.PruneInterval);
        if (!work.Clock.IsHealthy)
        {
            return;
        }

        Timestamp mark = work.Clock.Earliest.Minus(work.Limits.MaxLifetime).Minus(work.Limits.Retention);
        if (mark > work.Mark)
        {
            _isPruning = true;
            work.Emit(new CoordinatorEffect.Prune(mark));
        }
    }

    public void OnPruned(Timestamp? mark)
    {
        _isPruning = false;
        if (mark is { } known)
        {
            work.SeeMark(known);
        }
    }
}
