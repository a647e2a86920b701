using Transactions.Clocks;
using Transactions.Coordinator.Server.Links;
using Transactions.Coordinator.Server.Telemetry;
using Transactions.Hosting;
using Transactions.Model;

namespace Transactions.Coordinator.Server.Driving;

// Drives one machine: calls, frames and the log's answers go in as events; its effects go out to callers, links, log and clock.
// It decides nothing. Thread-safe.
internal sealed class CoordinatorDriver : IAsyncDisposable
{
    private static readonly TimeSpan TickInterval = TimeSpan.FromMilliseconds(10);

    // So long are writes to the log waited for once the loop has ended, before their connections are closed under them.
    private static readonly TimeSpan LastWritesTimeout = TimeSpan.FromSeconds(2);

    private readonly CoordinatorMachine _machine;
    private readonly MachineLoop<CoordinatorEvent, CoordinatorEffect> _loop;
    private readonly ClockWaker _waker;
    private readonly IDecisionLog _log;
    private readonly DecisionLogWork _logWork;
    private readonly LogState _logState;
    private readonly NoticeBoard _notices;
    private readonly CoordinatorMetrics _metrics;
    private readonly TimeProvider _timeProvider;
    private readonly PendingCalls _calls;
    private readonly FrameGate _frames;
    private readonly int _maxOpenCalls;
    private readonly CoordinatorEvent.TimePassed _tick = new();
    private readonly TaskCompletionSource _drained = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Ticker? _ticker;
    private int _isTickQueued;
    private int _logOperations;
    private bool _haveOwnersChanged;
    private ClockReading _reading;

    public CoordinatorDriver(
        CoordinatorMachine machine,
        CoordinatorServerOptions options,
        IDecisionLog log,
        IBoundedClock clock,
        TimeProvider timeProvider,
        IProcessStop processStop,
        CoordinatorMetrics metrics,
        ILogger logger)
    {
        _machine = machine;
        _maxOpenCalls = options.MaxOpenCalls;
        _calls = new(_maxOpenCalls);
        _frames = new(options.Streams.MaxUnhandledFrames);
        _log = log;
        _logState = new(logger);
        _logWork = new(log, _logState, metrics, timeProvider);
        _notices = new(logger, metrics, _logState, timeProvider);
        _metrics = metrics;
        _timeProvider = timeProvider;
        _loop = new(Handle, TakeEffects, Start, clock, processStop);
        _waker = new(clock, timeProvider, () => _loop.Post(new CoordinatorEvent.TimePassed()));
    }

    public MachineView View { get; } = new();

    public ParticipantLinks Links { get; } = new();

    public bool IsLogReachable => _logState.IsReachable;

    // Completes when every call has its answer and no other will get more than a refusal.
    public Task Stopped => _stopped.Task;

    public void Start()
    {
        _loop.Start();
        _ticker = new(TickInterval, OnTick, _timeProvider);
    }

    public CallId NextCall() => _calls.NextId();

    // How many calls have a place, and how many frames wait for the machine.
    public int OpenCalls => _calls.Count;

    public int UnhandledFrames => _frames.Queued;

    // Asks the machine. Cancelling ends the waiting, and nothing else.
    public async Task<CoordinatorAnswer> AskAsync(CallId call, CoordinatorEvent question, CancellationToken cancellationToken)
    {
        PendingCall pending = new(this, call);
        if (!_calls.TryAdd(pending))
        {
            return new CoordinatorAnswer.Refused(Refusal.Busy(
                "calls", $"{_maxOpenCalls} calls are open at this coordinator, which is the limit (MaxOpenCalls)"));
        }

        _loop.Post(question);
        using CancellationTokenRegistration registration = cancellationToken.UnsafeRegister(
            static (state, token) => ((PendingCall)state!).Cancel(token), pending);
        return await pending.Task.ConfigureAwait(false);
    }

    public void Post(CoordinatorEvent e) => _loop.Post(e);

    // What one message of a participant's stream said. Waits while too much of what streams said isn't handled yet.
    public async ValueTask PostFramesAsync(IReadOnlyCollection<CoordinatorEvent> said, CancellationToken cancellationToken)
    {
        await _frames.EnterAsync(said.Count, cancellationToken).ConfigureAwait(false);
        foreach (CoordinatorEvent e in said)
        {
            _loop.Post(e);
        }
    }

    // Takes nothing new and waits until what is under way has ended; false when that took too long.
    public async Task<bool> DrainAsync(TimeSpan timeout)
    {
        _loop.Post(new CoordinatorEvent.StopRequested());
        try
        {
            await _drained.Task.WaitAsync(timeout, _timeProvider).ConfigureAwait(false);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_ticker is { } ticker)
        {
            await ticker.DisposeAsync().ConfigureAwait(false);
        }

        await _waker.DisposeAsync().ConfigureAwait(false);
        _logWork.Stop();
        await _loop.DisposeAsync().ConfigureAwait(false);
        _calls.Close(Refusal.Unavailable(
            RefusalReason.ShuttingDown, "This coordinator has stopped; ask another one, or this one later, with Resolve."));
        Links.CloseAll();
        _stopped.TrySetResult();

        long startedAt = _timeProvider.GetTimestamp();
        while (Volatile.Read(ref _logOperations) > 0 && _timeProvider.GetElapsedTime(startedAt) < LastWritesTimeout)
        {
            await Task.Delay(TickInterval, _timeProvider).ConfigureAwait(false);
        }

        await _log.DisposeAsync().ConfigureAwait(false);
    }

    private void OnTick()
    {
        // At most one is queued: a busy loop needs no more of them.
        if (Interlocked.Exchange(ref _isTickQueued, 1) == 0)
        {
            _loop.Post(_tick);
        }
    }

    private void Handle(CoordinatorEvent e, ClockReading reading)
    {
        _reading = reading;
        if (ReferenceEquals(e, _tick))
        {
            Volatile.Write(ref _isTickQueued, 0);
        }

        _haveOwnersChanged |= e is CoordinatorEvent.ShardConnected or CoordinatorEvent.ShardLeft or CoordinatorEvent.LinkLost;
        _machine.Handle(e, reading);
        switch (e)
        {
            case CoordinatorEvent.FrameReceived or CoordinatorEvent.ShardConnected or CoordinatorEvent.ShardLeft:
                _frames.Leave();
                break;
            case CoordinatorEvent.CallCancelled cancelled:
                _calls.Forget(cancelled.Call);
                break;
            default:
                break;
        }
    }

    private IReadOnlyList<CoordinatorEffect> TakeEffects()
    {
        IReadOnlyList<CoordinatorEffect> effects = _machine.TakeEffects();
        View.Publish(_machine, _haveOwnersChanged);
        _haveOwnersChanged = false;
        if (_machine.IsDrained)
        {
            _drained.TrySetResult();
        }

        return effects;
    }

    private void Start(CoordinatorEffect effect)
    {
        switch (effect)
        {
            case CoordinatorEffect.Answer answer:
                _metrics.Answered(answer.Reply);
                _calls.Answer(answer.Call, answer.Reply);
                break;
            case CoordinatorEffect.Send send:
                Links.Send(send.Link, send.Shard, send.Frame);
                break;
            case CoordinatorEffect.Record record:
                Follow(_logWork.RecordAsync(record));
                break;
            case CoordinatorEffect.Read read:
                Follow(_logWork.ReadAsync(read));
                break;
            case CoordinatorEffect.MarkApplied applied:
                Follow(_logWork.MarkAppliedAsync(applied));
                break;
            case CoordinatorEffect.FindUnapplied find:
                Follow(_logWork.FindUnappliedAsync(find));
                break;
            case CoordinatorEffect.Prune prune:
                Follow(_logWork.PruneAsync(prune));
                break;
            case CoordinatorEffect.WakeWhenPast wake:
                _metrics.WaitsForClock(_reading, wake.Timestamp);
                _waker.WakeWhenPast(wake.Timestamp);
                break;
            case CoordinatorEffect.Notify notify:
                _notices.Post(notify.Notice);
                break;
            default:
                throw new BrokenInvariantException($"every effect is started, {effect.GetType().Name} too");
        }
    }

    private void Follow(Task<CoordinatorEvent> operation) => _loop.PostWhenDone(CountAsync(operation));

    private async Task<CoordinatorEvent> CountAsync(Task<CoordinatorEvent> operation)
    {
        Interlocked.Increment(ref _logOperations);
        try
        {
            return await operation.ConfigureAwait(false);
        }
        finally
        {
            Interlocked.Decrement(ref _logOperations);
        }
    }
}
