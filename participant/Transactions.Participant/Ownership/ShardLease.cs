using NodaTime;
using Transactions.Clocks;
using Transactions.Model;

namespace Transactions.Participant;

/// <summary>Gets, keeps and gives back the shard (section 5): lease, generation, epoch.</summary>
internal sealed class ShardLease(ShardCore core, string owner)
{
    private readonly LeaseRenewal _renewal = new(core);
    private ShardRow? _row;
    private Timestamp _takeoverLease;
    private long _retryAt;
    private bool _isLoading;
    private bool _isStopRequested;
    private bool _hasLoaded;

    public OwnershipPhase Phase { get; private set; } = OwnershipPhase.Idle;

    public Generation Generation { get; private set; }

    public long Epoch { get; set; }

    /// <summary>L1: prepares and reads are served at or below this. Only ever what PostgreSQL acknowledged (L4).</summary>
    public Timestamp Until => _renewal.Until;

    /// <summary>S4: what PostgreSQL certainly says is visible. History is read there, so it goes only below this.</summary>
    public Timestamp PublishedVisibleUpto => _renewal.PublishedVisibleUpto;

    public ShardGeneration Owner => new(core.Id, Generation);

    public Fence Fence => new(Generation, Epoch);

    public bool IsServing => Phase == OwnershipPhase.Serving;

    /// <summary>
    /// Whether frames of coordinators are answered: only an owner that has loaded what its predecessors left prepared knows
    /// what it doesn't know (L3).
    /// </summary>
    public bool HearsCoordinators => IsServing || (Phase == OwnershipPhase.Loading && core.Mutation == Mutation.ServeUnloaded) || (Phase == OwnershipPhase.Stopping && _hasLoaded);

    /// <summary>Whether this process owns the shard, so that its writes may go on.</summary>
    public bool IsOwner => Phase is OwnershipPhase.Loading or OwnershipPhase.Serving or OwnershipPhase.Stopping;

    /// <summary>How far views, projections and feeds may see (S4).</summary>
    public required Func<Timestamp> ComputeVisibleUpto { get; init; }

    /// <summary>Below this nothing may be handed back (L5).</summary>
    public required Func<Timestamp> ComputeLeastHandBack { get; init; }

    /// <summary>Whether no write of this owner is queued or under way.</summary>
    public required Func<bool> IsStorageIdle { get; init; }

    /// <summary>Forgets all that this process knew of the shard: it isn't the owner any more.</summary>
    public required Action<Refusal> Clear { get; init; }

    /// <summary>Takes over what the predecessors left prepared.</summary>
    public required Action<LoadedShard> Recover { get; init; }

    /// <summary>Ends what isn't voted for, and takes no more.</summary>
    public required Action StopServing { get; init; }

    /// <summary>Why an operation or read can't be served here now; null when it can.</summary>
    public Refusal? RefusalUnlessServing()
    {
        switch (Phase)
        {
            case OwnershipPhase.Serving:
            case OwnershipPhase.Loading when core.Mutation == Mutation.ServeUnloaded:
            case OwnershipPhase.Stopping or OwnershipPhase.HandingBack when core.Mutation == Mutation.ServeWhileStopping:
                return null;

            case OwnershipPhase.Stopping or OwnershipPhase.HandingBack or OwnershipPhase.Stopped:
                return Refusal.Unavailable(
                    RefusalReason.ShuttingDown, $"This process is handing shard {core.Id} back; ask its next owner.");

            case OwnershipPhase.WaitingForLease when _row is { Endpoint.Length: > 0 } row:
                return new Refusal(
                    RefusalStatus.FailedPrecondition,
                    RefusalReason.NotOwner,
                    $"Shard {core.Id} is owned by {row.Owner} at {row.Endpoint}, not by this process; ask there.")
                {
                    Redirect = row.Endpoint,
                    MayRetry = true,
                };

            default:
                return Refusal.Unavailable(
                    RefusalReason.NotOwner, $"This process doesn't own shard {core.Id} yet ({Phase}); try again shortly.");
        }
    }

    /// <summary>X4: why locked operations are refused past the lease; null when they aren't.</summary>
    public Refusal? RefusalPastLease() => core.Clock.Latest <= Until
        ? null
        : Refusal.Unavailable(
            RefusalReason.NotOwner, $"The lease on shard {core.Id} ended at {Until} and isn't renewed yet; try again shortly.");

    /// <summary>A read waits for a later lease.</summary>
    public void RenewSoon() => _renewal.RenewSoon();

    public void TimePassed()
    {
        switch (Phase)
        {
            case OwnershipPhase.Idle when _isStopRequested:
                EndForGood();
                break;

            case OwnershipPhase.Stopping when (!_renewal.IsUnderWay || core.Mutation == Mutation.HandBackBesideRenewal) && IsStorageIdle():
                HandBack();
                break;

            // Nothing is left to be handed back, and PostgreSQL may never answer.
            case OwnershipPhase.Stopping when core.Clock.IsHealthy && core.Clock.Earliest > Until:
                EndForGood();
                break;

            default:
                if (core.Clock.IsHealthy)
                {
                    GoOn();
                }

                break;
        }
    }

    private void GoOn()
    {
        switch (Phase)
        {
            // Answers to an earlier generation's renewal or load would be taken for the next one's: wait for them.
            case OwnershipPhase.Idle when core.NowMicroseconds >= _retryAt && !_renewal.IsUnderWay && !_isLoading:
                ReadRow();
                break;

            case OwnershipPhase.WaitingForLease when core.NowMicroseconds >= _retryAt || core.Clock.Earliest > _row!.LeaseUntil:
                ReadRow();
                break;

            case OwnershipPhase.Loading:
                _renewal.RenewIfDue(Generation, computeVisibleUpto: null);
                if (!_isLoading && core.NowMicroseconds >= _retryAt)
                {
                    Load();
                }

                break;

            case OwnershipPhase.Serving:
                _renewal.RenewIfDue(Generation, ComputeVisibleUpto);
                break;

            default:
                break;
        }
    }

    public void Handle(ShardEvent.ShardRowRead e)
    {
        if (Phase != OwnershipPhase.ReadingRow)
        {
            return;
        }

        if (_isStopRequested)
        {
            EndForGood();
        }
        else if (e.Row is null || !core.Clock.IsHealthy)
        {
            RetryLater("reading the shard's row");
        }
        else if (core.Clock.Earliest > e.Row.LeaseUntil
            || (core.Mutation == Mutation.TakeOverEarly && core.Clock.Latest > e.Row.LeaseUntil))
        {
            // L3: the lease is certainly over; the store looks once more before it raises the generation.
            _row = e.Row;
            Phase = OwnershipPhase.TakingOver;
            core.Emit(new ShardEffect.TakeOver(
                e.Row.Generation, e.Row.LeaseUntil, core.Clock.Earliest.Plus(core.Options.LeaseDuration)));
        }
        else
        {
            if (_row?.Generation != e.Row.Generation)
            {
                core.Notify(new ShardNotice.WaitingForLease(e.Row.Generation, e.Row.Owner, e.Row.LeaseUntil));
            }

            _row = e.Row;
            Phase = OwnershipPhase.WaitingForLease;
            _retryAt = core.NowMicroseconds + Microseconds(core.Options.RenewInterval);
            core.Emit(new ShardEffect.WakeWhenPast(e.Row.LeaseUntil));
        }
    }

    public void Handle(ShardEvent.TakenOver e)
    {
        if (Phase != OwnershipPhase.TakingOver)
        {
            return;
        }

        switch (e.Result)
        {
            case TakeoverResult.Won won:
                Invariant.Holds(won.Row.Generation > _row!.Generation, "L3: a takeover raises the generation");
                _takeoverLease = _row.LeaseUntil;
                _hasLoaded = false;
                Generation = won.Row.Generation;
                Epoch = won.Row.Epoch;
                _row = won.Row;
                _renewal.Begin(won.Row);

                // L3: above all that the predecessor may have served or prepared.
                core.Sequence.Observe(_takeoverLease);
                Load();
                break;

            case TakeoverResult.Lost:
                Phase = OwnershipPhase.Idle;
                _retryAt = core.NowMicroseconds;
                break;

            case TakeoverResult.Failed failed:
                RetryLater($"taking the shard over: {failed.Message}");
                break;

            default:
                throw new InvalidOperationException($"A takeover can't end as {e.Result.GetType().Name}.");
        }
    }

    public void Handle(ShardEvent.Loaded e)
    {
        _isLoading = false;
        if (Phase != OwnershipPhase.Loading)
        {
            return;
        }

        if (e.State is null)
        {
            core.Notify(new ShardNotice.StorageFailing("loading prepared transactions", "tried again"));
            _retryAt = core.NowMicroseconds + Microseconds(core.Options.RetryInterval);
            if (_isStopRequested)
            {
                // L5: nothing was served in this generation, and the lease found at takeover covers what wasn't loaded.
                BeginStopping();
            }

            return;
        }

        Phase = OwnershipPhase.Serving;
        _hasLoaded = true;
        Recover(e.State);
        core.Notify(new ShardNotice.Serving(Owner, e.State.Prepared.Length));
        core.Emit(new ShardEffect.Own(Owner));
        if (_isStopRequested)
        {
            BeginStopping();
        }
    }

    public void Handle(ShardEvent.Renewed e)
    {
        _renewal.Answered();
        if (IsOwner && !_renewal.Take(e.Result))
        {
            Lose();
        }
    }

    public void Handle(ShardEvent.HandedBack e)
    {
        if (Phase == OwnershipPhase.HandingBack)
        {
            EndForGood();
        }
    }

    public void Stop()
    {
        _isStopRequested = true;
        switch (Phase)
        {
            case OwnershipPhase.Serving:
                BeginStopping();
                break;

            case OwnershipPhase.Idle or OwnershipPhase.WaitingForLease:
                EndForGood();
                break;

            default:
                break;
        }
    }

    /// <summary>L2: another generation owns the shard, so nothing that this process knows of it counts.</summary>
    public void Lose()
    {
        if (!IsOwner && Phase != OwnershipPhase.HandingBack)
        {
            return;
        }

        core.Notify(new ShardNotice.Fenced(Owner));
        core.Emit(new ShardEffect.Disown(Owner));
        Phase = OwnershipPhase.Idle;
        _retryAt = core.NowMicroseconds + Microseconds(core.Options.RetryInterval);
        Clear(Refusal.Unavailable(RefusalReason.NotOwner, $"Shard {core.Id} has another owner now; ask there."));
        if (_isStopRequested)
        {
            EndForGood();
        }
    }

    private void ReadRow()
    {
        Phase = OwnershipPhase.ReadingRow;
        core.Emit(new ShardEffect.ReadShardRow());
    }

    private void Load()
    {
        Phase = OwnershipPhase.Loading;
        _isLoading = true;
        core.Emit(new ShardEffect.Load(Generation));
    }

    private void RetryLater(string what)
    {
        core.Notify(new ShardNotice.StorageFailing(what, "tried again"));
        Phase = OwnershipPhase.Idle;
        _retryAt = core.NowMicroseconds + Microseconds(core.Options.RetryInterval);
    }

    private void BeginStopping()
    {
        // L5: first it stops for good in this generation.
        Phase = OwnershipPhase.Stopping;
        core.Emit(new ShardEffect.Disown(Owner));
        if (core.Mutation != Mutation.ServeWhileStopping)
        {
            StopServing();
        }
    }

    private void HandBack()
    {
        Timestamp least = Timestamp.Max(
            _takeoverLease,
            Timestamp.Max(
                core.Mutation == Mutation.HandBackBelowServed ? default : core.Sequence.Last,
                core.Mutation == Mutation.HandBackBelowVotes ? default : ComputeLeastHandBack()));
        Phase = OwnershipPhase.HandingBack;
        if (least >= Until)
        {
            EndForGood();
        }
        else
        {
            core.Emit(new ShardEffect.HandBack(Fence, least));
        }
    }

    private void EndForGood()
    {
        Phase = OwnershipPhase.Stopped;
        Clear(Refusal.Unavailable(RefusalReason.ShuttingDown, $"This process has handed shard {core.Id} back; ask its next owner."));
        core.Emit(new ShardEffect.Stopped());
    }

    private static long Microseconds(Duration duration) => duration.BclCompatibleTicks / 10;

    public override string ToString() => $"{Owner} of {owner}: {Phase} until {Until}";
}
