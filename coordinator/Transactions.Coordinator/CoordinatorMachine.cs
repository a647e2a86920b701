using System.Collections.Immutable;
using Transactions.Clocks;
using Transactions.Coordinator.Batching;
using Transactions.Coordinator.Calls;
using Transactions.Coordinator.Committing;
using Transactions.Coordinator.Delivering;
using Transactions.Coordinator.Endings;
using Transactions.Coordinator.InDoubt;
using Transactions.Coordinator.OnePhase;
using Transactions.Coordinator.Owners;
using Transactions.Coordinator.Recovery;
using Transactions.Coordinator.Resolving;
using Transactions.Coordinator.Running;
using Transactions.Coordinator.Sessions;
using Transactions.Coordinator.Timing;
using Transactions.Coordinator.Turns;
using Transactions.Model;

namespace Transactions.Coordinator;

/// <summary>
/// Every decision of a coordinator (PROTOCOL.md, sections 3, 6 and 7): events go in one at a time, effects come out.
/// </summary>
/// <remarks>
/// It does no I/O, starts no task or timer, and draws no chance: the same events with the same readings give the same
/// effects. Not thread-safe: one loop owns it. After any exception the machine must not be used again, since its memory may
/// be half changed; a new incarnation starts from the decision log.
/// </remarks>
public sealed class CoordinatorMachine
{
    private readonly Workspace _work;
    private readonly OpenCalls _calls;
    private readonly CommitWaits _waits;
    private readonly ShardDirectory _directory;
    private readonly TransactionTable _table;
    private readonly EndedMemory _ended;
    private readonly DecisionQueue _decisions;
    private readonly DecisionReads _reads;
    private readonly AppliedQueue _applied;
    private readonly OutcomeDelivery _delivery;
    private readonly TransactionEndings _endings;
    private readonly Voting _voting;
    private readonly OnePhaseCommits _onePhase;
    private readonly ShardAsking _asking;
    private readonly Resolver _resolver;
    private readonly CommitHandler _commits;
    private readonly ClientSessions _sessions;
    private readonly FrameRouter _frames;
    private readonly Questions _questions;
    private readonly LogUpkeep _upkeep;
    private bool _wasHealthy = true;

    /// <summary>Makes the machine of one coordinator's new life.</summary>
    /// <param name="self">Its name, and an incarnation that no other life of it ever had (X1).</param>
    /// <param name="limits">What the cluster shares.</param>
    /// <param name="options">What a person tunes.</param>
    /// <exception cref="ArgumentException">A limit or an option lies outside its range.</exception>
    public CoordinatorMachine(CoordinatorId self, ProtocolLimits limits, CoordinatorOptions options)
    {
        ArgumentNullException.ThrowIfNull(limits);
        ArgumentNullException.ThrowIfNull(options);
        limits.Validate();
        options.Validate();

        _work = new(self, limits, options);
        _calls = new(_work);
        _waits = new(_work);
        _directory = new(_work);
        _table = new(_work, _calls);
        _ended = new(_work);
        _decisions = new(_work);
        _reads = new(_work);
        _applied = new(_work);
        _delivery = new(_work, _directory, _applied);
        _endings = new(_work, _table, _ended, _decisions, _directory, _delivery, _waits);

        Admission admission = new(_work, _table, _ended, _delivery);
        Recording recording = new(_work, _endings, _decisions, _waits);
        _voting = new(_work, _table, _directory, _endings, recording);
        _onePhase = new(_work, _calls, _table, _directory, _endings, _waits);
        _asking = new(_work, _directory);
        _resolver = new(_work, _calls, _table, _ended, admission, _decisions, _reads, _endings, _asking);
        _commits = new(
            _work, _calls, _table, _ended, admission, _decisions, _endings, _voting, recording, _onePhase, _resolver);
        _sessions = new(_work, _calls, _table, _ended, admission, _endings);
        _frames = new(
            _work,
            _table,
            _ended,
            _delivery,
            _endings,
            _voting,
            _onePhase,
            _asking,
            new Enlisting(_work, _table, _ended, _delivery, admission, _endings),
            new InDoubtAnswers(_work, _table, _ended, _delivery, _decisions, _endings));
        _questions = new(_work, _calls, _table, _ended, _reads, _endings);
        _upkeep = new(_work, _table, _delivery, _directory, _waits);
    }

    /// <summary>Who this is.</summary>
    public CoordinatorId Self => _work.Self;

    /// <summary>How many transactions are held that haven't ended.</summary>
    public int OpenTransactions => _table.Count;

    /// <summary>How many commits have been told and lack a writer's durable Applied.</summary>
    public int UndeliveredOutcomes => _delivery.Count;

    /// <summary>How many ended transactions are remembered (X5).</summary>
    public int RememberedTransactions => _ended.Count;

    /// <summary>How many decisions wait for the log, or are on their way into it.</summary>
    public int QueuedDecisions => _decisions.Count;

    /// <summary>How many calls wait for an answer.</summary>
    public int OpenCalls => _calls.Count;

    /// <summary>The shards whose owners are connected, by name.</summary>
    public ImmutableArray<ConnectedShard> ConnectedShards => [.. _directory.Connected];

    /// <summary>The greatest low-water mark seen (D5).</summary>
    public Timestamp LowWaterMark => _work.Mark;

    /// <summary>Whether a stop was requested.</summary>
    public bool IsStopping => _work.IsStopping;

    /// <summary>Whether a stop was requested and nothing is left that somebody waits for. Outcomes that lack an Applied are
    /// for whichever coordinator finds them in the log.</summary>
    public bool IsDrained => IsStopping && _table.Count == 0 && _calls.Count == 0 && _resolver.Count == 0 && _reads.Count == 0
        && _decisions.Count == 0 && _applied.Count == 0;

    internal Mutation Mutation
    {
        get => _work.Mutation;
        init => _work.Mutation = value;
    }

    /// <summary>Handles one event.</summary>
    /// <param name="e">What happened.</param>
    /// <param name="clock">A reading begun after the event was dequeued (T4).</param>
    /// <exception cref="BrokenInvariantException">Memory can't be trusted any more: stop the process.</exception>
    /// <exception cref="ArgumentException">The event is of no known kind.</exception>
    public void Handle(CoordinatorEvent e, ClockReading clock)
    {
        ArgumentNullException.ThrowIfNull(e);
        _work.Clock = _work.Mutation == Mutation.UseCachedReading && e is CoordinatorEvent.Commit or CoordinatorEvent.GetTimestamp
            && _work.Clock.IsHealthy ? _work.Clock : clock;
        NoteHealth();
        Dispatch(e);
        _upkeep.OnTime();
        _waits.Release();
    }

    /// <summary>Takes what is to be done since the last call, in order. Batches for the log are formed here, so that all that
    /// was handled meanwhile shares one (<em>singular update queue</em>).</summary>
    public IReadOnlyList<CoordinatorEffect> TakeEffects()
    {
        _decisions.Form();
        _applied.Form();
        _waits.AskForWakeUp();
        return _work.TakeEffects();
    }

    private void Dispatch(CoordinatorEvent e)
    {
        switch (e)
        {
            case CoordinatorEvent.Begin begin:
                _sessions.OnBegin(begin);
                break;
            case CoordinatorEvent.Commit commit:
                _commits.OnCommit(commit);
                break;
            case CoordinatorEvent.Abort abort:
                _sessions.OnAbort(abort);
                break;
            case CoordinatorEvent.Heartbeat heartbeat:
                _sessions.OnHeartbeat(heartbeat);
                break;
            case CoordinatorEvent.GetOutcome get:
                _questions.OnGetOutcome(get);
                break;
            case CoordinatorEvent.Resolve resolve:
                _resolver.OnResolve(resolve);
                break;
            case CoordinatorEvent.GetTimestamp get:
                _questions.OnGetTimestamp(get);
                break;
            case CoordinatorEvent.CallCancelled cancelled:
                _calls.Cancel(cancelled.Call);
                break;
            case CoordinatorEvent.ShardConnected connected:
                OnConnected(connected);
                break;
            case CoordinatorEvent.ShardLeft left:
                _directory.Leave(left.Link, left.Owner);
                break;
            case CoordinatorEvent.LinkLost lost:
                _directory.Lose(lost.Link);
                break;
            case CoordinatorEvent.FrameReceived received:
                _frames.Route(received.Link, received.Frame);
                break;
            case CoordinatorEvent.Recorded recorded:
                _decisions.OnRecorded(recorded.Batch, recorded.Result);
                break;
            case CoordinatorEvent.DecisionRead read:
                _reads.OnRead(read.Request, read.Lookup);
                break;
            case CoordinatorEvent.MarkedApplied marked:
                _applied.OnMarked(marked.Batch, marked.Succeeded, _delivery.OnMarked);
                break;
            case CoordinatorEvent.UnappliedFound found:
                _upkeep.OnUnappliedFound(found.Decisions);
                break;
            case CoordinatorEvent.Pruned pruned:
                _upkeep.OnPruned(pruned.Mark);
                break;
            case CoordinatorEvent.TimePassed:
                OnTime();
                break;
            case CoordinatorEvent.StopRequested:
                _work.IsStopping = true;
                break;
            default:
                throw new ArgumentException($"{e.GetType().Name} is no event of a coordinator.", nameof(e));
        }
    }

    private void OnConnected(CoordinatorEvent.ShardConnected connected)
    {
        if (_directory.Connect(new(connected.Link, connected.Owner, connected.Endpoint)))
        {
            ShardId shard = connected.Owner.Shard;
            _voting.OnConnected(shard);
            _onePhase.OnConnected(shard);
            _asking.OnConnected(shard);
            _delivery.OnConnected(shard);
        }
    }

    // What ends a transaction goes before what ends only a caller's waiting.
    private void OnTime()
    {
        _table.OnTime(_endings.Abort);
        _voting.OnTime();
        _onePhase.OnTime();
        _asking.OnTime();
        _calls.OnTime();
        _decisions.OnTime();
        _delivery.OnTime();
        _ended.OnTime();
    }

    private void NoteHealth()
    {
        if (_work.Clock.IsHealthy != _wasHealthy)
        {
            _wasHealthy = _work.Clock.IsHealthy;
            _work.Notify(new CoordinatorNotice.ClockChanged(_wasHealthy, _work.Clock.Health.Message));
        }
    }
}
