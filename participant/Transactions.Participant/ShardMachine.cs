using System.Runtime.CompilerServices;
using Transactions.Clocks;
using Transactions.Model;

[assembly: InternalsVisibleTo("Transactions.Participant.Tests")]
[assembly: InternalsVisibleTo("Transactions.Simulation")]
[assembly: InternalsVisibleTo("Transactions.Simulation.Tests")]

namespace Transactions.Participant;

/// <summary>
/// One shard's part of the protocol (sections 3 to 5), without any I/O: an event goes in, the state changes, effects come out.
/// </summary>
/// <remarks>
/// Not thread-safe: one shard, one loop (<em>singular update queue</em>). The driver starts the effects and brings their
/// results back as events; events of other transactions may come in between.
/// </remarks>
public sealed class ShardMachine
{
    private readonly ShardCore _core;
    private readonly ShardLease _lease;
    private readonly LockTable _locks;
    private readonly Overlay _overlay = new();
    private readonly PreparedWriters _prepared = new();
    private readonly VersionReader _versions;
    private readonly OperationRunner _runner;
    private readonly TransactionTable _transactions;
    private readonly SnapshotReader _snapshots;
    private readonly OperationAdmission _admission;
    private readonly PersistQueue _persists;
    private readonly ApplyQueue _applies;
    private readonly Reconciler _reconciler;
    private readonly OutcomeReader _register;
    private readonly OutcomeApplier _outcomes;
    private readonly Preparer _preparer;
    private readonly OnePhaseCommitter _onePhase;
    private readonly OnePhaseResolver _resolver;
    private readonly VotedTransactions _voted;
    private readonly Pruner _pruner;
    private bool? _wasClockHealthy;

    /// <summary>Makes the machine of a shard that this process doesn't own yet; the first event starts its takeover.</summary>
    /// <param name="id">The shard.</param>
    /// <param name="owner">This process's name, for the shard's row.</param>
    /// <param name="limits">What the whole cluster shares.</param>
    /// <param name="options">What is tuned on this shard.</param>
    /// <exception cref="ArgumentException">A limit or option lies outside its range.</exception>
    public ShardMachine(ShardId id, string owner, ProtocolLimits limits, ShardOptions options)
    {
        ArgumentNullException.ThrowIfNull(limits);
        ArgumentNullException.ThrowIfNull(options);
        limits.Validate();
        options.Validate();

        _core = new ShardCore(id, limits, options);
        _lease = new ShardLease(_core, owner)
        {
            ComputeVisibleUpto = ComputeVisibleUpto,
            ComputeLeastHandBack = ComputeLeastHandBack,
            IsStorageIdle = () => _persists!.IsIdle && _applies!.IsIdle,
            Clear = Clear,
            Recover = Recover,
            StopServing = StopServing,
        };
        FieldChecks fields = new(options);
        CommitChecks commits = new(_core, _lease);
        _locks = new LockTable { Wound = Wound, Wounds = () => _core.Mutation != Mutation.NoWound };
        _versions = new VersionReader(_core, _overlay);
        _runner = new OperationRunner(_core, _lease, _locks, _versions);
        _transactions = new TransactionTable(_core, _lease, _locks, _prepared, _runner, new EndedTransactions(limits))
        {
            ResumeReads = transaction => _snapshots!.Resume(transaction),
        };
        _snapshots = new SnapshotReader(_core, _lease, _prepared, _versions, fields);
        _admission = new OperationAdmission(_core, _lease, _transactions, _runner, fields);
        _persists = new PersistQueue(_core, _lease);
        _applies = new ApplyQueue(_core, _lease) { Applied = transaction => _outcomes!.Applied(transaction) };
        _reconciler = new Reconciler(_core, _lease, _persists, _applies);
        _register = new OutcomeReader(_core);
        _outcomes = new OutcomeApplier(_core, _lease, _transactions, _overlay, _applies);
        _resolver = new OnePhaseResolver(_core, _lease, _transactions, _persists, _register);
        _voted = new VotedTransactions(_core, _lease, _transactions);
        _preparer = new Preparer(_core, _lease, _transactions, _prepared, _persists, commits, _outcomes, _voted)
        {
            AnswerResolvers = _resolver.AnswerWaiting,
        };
        _onePhase = new OnePhaseCommitter(_core, _lease, _transactions, _prepared, _persists, _register, commits)
        {
            AnswerResolvers = _resolver.AnswerWaiting,
        };
        _pruner = new Pruner(_core, _lease, _register);
    }

    /// <summary>The shard.</summary>
    public ShardId Id => _core.Id;

    /// <summary>Where this process stands with the shard.</summary>
    public OwnershipPhase Phase => _lease.Phase;

    /// <summary>The shard and the generation in which this process owns, or last owned, it.</summary>
    public ShardGeneration Owner => _lease.Owner;

    /// <summary>Prepares and reads are served at or below this.</summary>
    public Timestamp LeaseUntil => _lease.Until;

    /// <summary>The greatest timestamp given or seen.</summary>
    public Timestamp LastTimestamp => _core.Sequence.Last;

    /// <summary>How many transactions are open here.</summary>
    public int OpenTransactions => _transactions.Count;

    /// <summary>How many transactions are prepared, or being prepared, or committed in one phase here.</summary>
    public int PreparedTransactions => _prepared.Transactions.Count;

    /// <summary>How many calls wait for an answer.</summary>
    public int WaitingCalls => _core.WaitingCalls;

    /// <summary>How many votes, one-phase commits and tombstones wait for PostgreSQL.</summary>
    public int QueuedPersists => _persists.Count;

    /// <summary>Whether no transaction, lock, or unflushed version is left.</summary>
    public bool IsQuiet => _transactions.Count == 0 && _locks.IsEmpty && _overlay.IsEmpty && _persists.IsIdle && _applies.IsIdle;

    internal Mutation Mutation
    {
        get => _core.Mutation;
        init => _core.Mutation = value;
    }

    /// <summary>Handles one event; its effects wait for <see cref="TakeEffects"/>.</summary>
    /// <param name="e">What happened.</param>
    /// <param name="clock">A reading begun after the event was received (T4).</param>
    /// <exception cref="BrokenInvariantException">The protocol is broken; the process must stop.</exception>
    public void Handle(ShardEvent e, ClockReading clock)
    {
        ArgumentNullException.ThrowIfNull(e);
        _core.Clock = clock;
        if (_wasClockHealthy != clock.IsHealthy)
        {
            _wasClockHealthy = clock.IsHealthy;
            _core.Notify(new ShardNotice.ClockChanged(clock.IsHealthy, clock.Health.Message));
        }

        Dispatch(e);
        _runner.ResumeGranted();
    }

    /// <summary>Takes the effects of the events handled since the last call, batches formed, in the order to start them.</summary>
    public IReadOnlyList<ShardEffect> TakeEffects()
    {
        // L6: while anything is in doubt no batch begins: it would put the reconciling off, or be fenced by the epoch.
        if (!_reconciler.IsNeeded)
        {
            _persists.SendNext();
            _applies.SendNext();
        }

        _reconciler.SendNext();
        _runner.ResumeGranted();
        return _core.TakeEffects();
    }

    private void Dispatch(ShardEvent e)
    {
        switch (e)
        {
            case ShardEvent.OperationReceived received:
                _admission.Receive(received);
                break;
            case ShardEvent.SnapshotReadReceived received:
                _snapshots.Receive(received);
                break;
            case ShardEvent.CallCancelled cancelled:
                _core.Cancel(cancelled.Call);
                _snapshots.Cancel(cancelled.Call);
                break;
            case ShardEvent.CoordinatorConnected connected:
                _transactions.DropOtherIncarnations(connected.Coordinator);
                _voted.Connected(connected.Coordinator);
                break;
            case ShardEvent.CoordinatorLost lost:
                _voted.Lost(lost.Coordinator);
                break;
            case ShardEvent.FrameReceived received:
                Receive(received);
                break;
            case ShardEvent.VersionsRead read:
                _versions.Complete(read.Request, read.Result);
                break;
            case ShardEvent.OutcomeRead read:
                _register.Handle(read);
                break;
            case ShardEvent.Persisted persisted:
                _persists.Handle(persisted);
                break;
            case ShardEvent.Applied applied:
                _applies.Handle(applied);
                break;
            case ShardEvent.Reconciled reconciled:
                _reconciler.Handle(reconciled);
                break;
            case ShardEvent.ShardRowRead read:
                _lease.Handle(read);
                break;
            case ShardEvent.TakenOver taken:
                if (taken.Result is TakeoverResult.Won won)
                {
                    _register.RaiseMark(won.Row.OutcomesMark);
                }

                _lease.Handle(taken);
                break;
            case ShardEvent.Loaded loaded:
                _lease.Handle(loaded);
                break;
            case ShardEvent.Renewed renewed:
                _lease.Handle(renewed);
                _snapshots.TimePassed();
                break;
            case ShardEvent.HandedBack handedBack:
                _lease.Handle(handedBack);
                break;
            case ShardEvent.Pruned pruned:
                _pruner.Handle(pruned);
                break;
            case ShardEvent.TimePassed:
                TimePassed();
                break;
            case ShardEvent.StopRequested:
                _lease.Stop();
                break;
            default:
                throw new InvalidOperationException($"No such event: {e.GetType().Name}.");
        }
    }

    // A frame that comes while nothing is served is lost; its sender sends it again when this owner says that it serves.
    private void Receive(ShardEvent.FrameReceived received)
    {
        if (!_lease.HearsCoordinators)
        {
            return;
        }

        switch (received.Frame)
        {
            case CoordinatorFrame.Prepare prepare:
                _preparer.Receive(received.From, prepare);
                break;
            case CoordinatorFrame.CommitOnePhase commit:
                _onePhase.Receive(received.From, commit);
                break;
            case CoordinatorFrame.Ended ended:
                _outcomes.Receive(received.From, ended);
                break;
            case CoordinatorFrame.Pending pending:
                _voted.Receive(pending);
                break;
            case CoordinatorFrame.ResolveOnePhase resolve:
                _resolver.Receive(received.From, resolve);
                break;
            default:
                throw new InvalidOperationException($"No such frame: {received.Frame.GetType().Name}.");
        }
    }

    private void TimePassed()
    {
        _lease.TimePassed();
        _outcomes.TimePassed();
        _onePhase.TimePassed();
        _transactions.TimePassed();
        _snapshots.TimePassed();
        if (_lease.IsServing)
        {
            _voted.TimePassed();
            _pruner.TimePassed();
        }
    }

    private void Wound(ShardTransaction victim, ShardTransaction by, LockRequest over)
    {
        if (victim.CanBeWounded)
        {
            _core.Notify(new ShardNotice.Wounded(victim.Id, by.Id, over.ToString()));
            _transactions.Drop(victim, AbortReason.Wounded);
        }
    }

    // L3: what the predecessors left prepared keeps its keys and its vote.
    private void Recover(LoadedShard state)
    {
        foreach (PreparedRow row in state.Prepared)
        {
            ShardTransaction transaction = new(row.Context, row.Generation)
            {
                Status = TransactionStatus.Prepared,
                PrepareTimestamp = row.PrepareTimestamp,
                ValidUntil = row.ValidUntil,
                AdmittedOperations = row.Operations,
            };
            foreach (RecordWrite write in row.Writes)
            {
                transaction.Write(write.Record, write.Value);
                _locks.GrantRecovered(transaction, write.Record);
            }

            _core.Sequence.Observe(row.PrepareTimestamp);
            _transactions.Add(transaction);
            _prepared.Add(transaction);
            _voted.Add(transaction, askAt: _core.NowMicroseconds);
        }
    }

    private void StopServing()
    {
        _transactions.DropActive(AbortReason.ShuttingDown);
        _snapshots.RefuseAll(_lease.RefusalUnlessServing()!);
    }

    private void Clear(Refusal refusal)
    {
        _snapshots.RefuseAll(refusal);
        _transactions.Clear(refusal);
        _persists.Clear();
        _applies.Clear();
        _reconciler.Clear();
        _register.Clear();
        _outcomes.Clear();
        _onePhase.Clear();
        _voted.Clear();
        _resolver.Clear();
        _versions.Clear();
        _overlay.Clear();
        _core.RefuseAllCalls(refusal);
    }

    // S4: below everything prepared, and below every version that PostgreSQL hasn't acknowledged.
    private Timestamp ComputeVisibleUpto()
    {
        Timestamp visible = Timestamp.Min(_core.Clock.Earliest, _lease.Until);
        if (_prepared.LeastPrepareTimestamp is { } prepared && _core.Mutation != Mutation.ShowPrepared)
        {
            visible = Timestamp.Min(visible, prepared.Previous());
        }

        return _overlay.LeastCommitTimestamp is { } unacknowledged && _core.Mutation != Mutation.ShowUnacknowledged
            ? Timestamp.Min(visible, unacknowledged.Previous()) : visible;
    }

    // L5: every validUntil voted for a transaction that hasn't ended, and every one-phase commit timestamp.
    private Timestamp ComputeLeastHandBack()
    {
        Timestamp least = Timestamp.Zero;
        foreach (ShardTransaction transaction in _transactions.All)
        {
            least = Timestamp.Max(least, Timestamp.Max(transaction.ValidUntil, transaction.PrepareTimestamp));
        }

        return least;
    }
}
