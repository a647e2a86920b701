using NodaTime;
using Transactions.Clocks;
using Transactions.Model;

namespace Transactions.Participant;

/// <summary>Keeps the lease of one generation after the other, and publishes what is visible along with it (L4, S4).</summary>
internal sealed class LeaseRenewal(ShardCore core)
{
    private Timestamp _visibleUpto;
    private Timestamp _askedFor;
    private long _renewAt;
    private long _renewedAt;

    /// <inheritdoc cref="ShardLease.Until"/>
    public Timestamp Until { get; private set; }

    /// <inheritdoc cref="ShardLease.PublishedVisibleUpto"/>
    public Timestamp PublishedVisibleUpto { get; private set; }

    /// <summary>Whether one is under way: its answer is still to come, whatever generation it is of.</summary>
    public bool IsUnderWay { get; private set; }

    /// <summary>Goes on from what a takeover was given.</summary>
    public void Begin(ShardRow taken)
    {
        Until = taken.LeaseUntil;
        _visibleUpto = taken.VisibleUpto;
        PublishedVisibleUpto = taken.VisibleUpto;
        _renewedAt = core.NowMicroseconds;
        _renewAt = After(core.Options.RenewInterval);

        // L3: above all that the predecessor may have shown.
        core.Sequence.Observe(_visibleUpto);
    }

    /// <summary>A read waits for a later lease.</summary>
    public void RenewSoon() => _renewAt = Math.Min(_renewAt, _renewedAt + core.Options.RetryInterval.BclCompatibleTicks / 10);

    /// <summary>Asks for more when it is time.</summary>
    /// <param name="generation">Whose lease it is.</param>
    /// <param name="computeVisibleUpto">How far others may see by now; null before the load: what the predecessors left prepared isn't known.</param>
    public void RenewIfDue(Generation generation, Func<Timestamp>? computeVisibleUpto)
    {
        Timestamp until = core.Clock.Earliest.Plus(core.Options.LeaseDuration);
        if (IsUnderWay || core.NowMicroseconds < _renewAt || until <= Until)
        {
            return;
        }

        // S4: it only rises, and this shard puts nothing at or below it any more.
        if (computeVisibleUpto is not null)
        {
            _visibleUpto = Timestamp.Max(_visibleUpto, computeVisibleUpto());
            if (core.Mutation != Mutation.PublishUnobserved)
            {
                core.Sequence.Observe(_visibleUpto);
            }
        }

        IsUnderWay = true;
        _askedFor = until;
        _renewAt = After(core.Options.RenewInterval);
        core.Emit(new ShardEffect.Renew(generation, until, _visibleUpto));
        if (core.Mutation == Mutation.UseLeaseAtOnce)
        {
            Until = until;
        }
    }

    /// <summary>One was answered, perhaps one of a generation that is over.</summary>
    public void Answered() => IsUnderWay = false;

    /// <summary>Takes the answer to this generation's renewal; false when another generation owns the shard.</summary>
    public bool Take(WriteResult result)
    {
        _renewedAt = core.NowMicroseconds;
        switch (result)
        {
            case WriteResult.Committed:
                Until = Timestamp.Max(Until, _askedFor);
                PublishedVisibleUpto = _visibleUpto;
                return true;

            case WriteResult.Fenced:
                return false;

            // L4: an unacknowledged renewal is never used; the next one asks for more.
            case WriteResult.RolledBack or WriteResult.Ambiguous:
                core.Notify(new ShardNotice.StorageFailing("renewing the lease", "tried again"));
                _renewAt = After(core.Options.RetryInterval);
                return true;

            default:
                throw new InvalidOperationException($"A renewal can't end as {result}.");
        }
    }

    private long After(Duration duration) => core.NowMicroseconds + duration.BclCompatibleTicks / 10;
}
