using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Transactions.Clocks;
using Transactions.Hosting;
using Transactions.Model;

namespace Transactions.Participant.Server;

/// <summary>Drives one shard's machine: runs its effects against PostgreSQL, the coordinators' streams and the clock.</summary>
/// <remarks>Thread-safe. There is no protocol decision in here.</remarks>
internal sealed class ShardDriver : IAsyncDisposable
{
    private static readonly TimeSpan TickInterval = TimeSpan.FromMilliseconds(10);

    private readonly ConcurrentDictionary<CallId, TaskCompletionSource<ShardAnswer>> _calls = new();
    private readonly TaskCompletionSource _stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _ending = new();
    private readonly ShardMachine _machine;
    private readonly IShardStore _store;
    private readonly ShardOwner _self;
    private readonly ICoordinatorLinks _links;
    private readonly ShardObserver _observer;
    private readonly MachineLoop<ShardEvent, ShardEffect> _loop;
    private readonly StoreSteps _steps;
    private readonly ReadQueue _reads;
    private readonly Ticker _ticker;
    private readonly ClockWaker _waker;
    private readonly FrameGate _frames;
    private readonly TimeProvider _timeProvider;
    private readonly int _maxQueuedRequests;
    private readonly TimeSpan _stopTimeout;
    private long _lastCall;
    private int _isTickQueued;

    public ShardDriver(
        ShardMachine machine,
        IShardStore store,
        ShardOwner self,
        ICoordinatorLinks links,
        IBoundedClock clock,
        TimeProvider timeProvider,
        IProcessStop processStop,
        ShardObserver observer,
        int maxQueuedRequests,
        int maxUnhandledFrames,
        TimeSpan answerTimeout,
        TimeSpan stopTimeout)
    {
        (_machine, _store, _self, _links, _observer) = (machine, store, self, links, observer);
        _steps = new StoreSteps(store, self, answerTimeout, timeProvider, processStop, observer, _ending.Token);
        (_maxQueuedRequests, _stopTimeout, _timeProvider) = (maxQueuedRequests, stopTimeout, timeProvider);
        _frames = new FrameGate(maxUnhandledFrames);
        _loop = new MachineLoop<ShardEvent, ShardEffect>(
            Handle, machine.TakeEffects, Start, clock, processStop, maxQueuedRequests);
        _reads = new ReadQueue(store.ReadVersionsAsync, Post, answerTimeout, timeProvider, processStop);
        _waker = new ClockWaker(clock, timeProvider, PostTimePassed);
        _ticker = new Ticker(TickInterval, PostTimePassed, timeProvider);
        observer.Watch(machine, _loop);
    }

    public ShardId Shard => _machine.Id;

    /// <summary>What the machine last said of where this process stands with the shard.</summary>
    public OwnershipPhase Phase => _machine.Phase;

    /// <summary>The shard and its generation, while this process owns it.</summary>
    public ShardGeneration? Owned { get; private set; }

    public string Endpoint => _self.Endpoint;

    public void Start() => _loop.Start();

    public void Post(ShardEvent e) => _loop.Post(e);

    /// <summary>Hands in a coordinator's frame, when there is room for it. Clients' requests, however many, take none of that room.</summary>
    /// <exception cref="OperationCanceledException">The token fired.</exception>
    public async ValueTask PostFrameAsync(ShardEvent.FrameReceived frame, CancellationToken cancellationToken)
    {
        await _frames.EnterAsync(1, cancellationToken);
        Post(frame);
    }

    /// <summary>Hands in a call and waits for its answer; a full queue refuses it. Cancelling stops the waiting only.</summary>
    /// <exception cref="OperationCanceledException">The token fired.</exception>
    public Task<ShardAnswer> CallAsync(Func<CallId, ShardEvent> toEvent, CancellationToken cancellationToken)
    {
        (CallId call, Task<ShardAnswer> answer) = Expect();
        if (!_loop.TryPostRequest(toEvent(call)))
        {
            Answer(call, new ShardAnswer.Refused(Refusal.Busy(
                "requests", $"{_maxQueuedRequests} requests wait for shard {Shard}, which is the limit (MaxQueuedRequests)")));
        }

        return WaitAsync(call, answer, cancellationToken);
    }

    /// <summary>Hands in a call when there is room for it; then answers the task that waits for its answer.</summary>
    /// <exception cref="OperationCanceledException">The token fired before there was room.</exception>
    public async Task<Task<ShardAnswer>> StartCallAsync(Func<CallId, ShardEvent> toEvent, CancellationToken cancellationToken)
    {
        (CallId call, Task<ShardAnswer> answer) = Expect();
        try
        {
            await _loop.PostRequestAsync(toEvent(call), cancellationToken);
        }
        catch (OperationCanceledException)
        {
            _calls.TryRemove(call, out _);
            throw;
        }

        return WaitAsync(call, answer, cancellationToken);
    }

    private (CallId Call, Task<ShardAnswer> Answer) Expect()
    {
        CallId call = new(Interlocked.Increment(ref _lastCall));
        TaskCompletionSource<ShardAnswer> answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _calls[call] = answer;
        return (call, answer.Task);
    }

    private async Task<ShardAnswer> WaitAsync(CallId call, Task<ShardAnswer> answer, CancellationToken cancellationToken)
    {
        if (_ending.IsCancellationRequested)
        {
            EndCalls();
        }

        try
        {
            return await answer.WaitAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            if (_calls.TryRemove(call, out _))
            {
                Post(new ShardEvent.CallCancelled(call));
            }

            throw;
        }
    }

    /// <summary>Hands the lease back (L5), at most as long as the token allows, and stops.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        Post(new ShardEvent.StopRequested());
        try
        {
            await _stopped.Task.WaitAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            // Nothing is lost: a successor waits the lease out.
        }
    }

    /// <summary>Stops at once, but for what was sent to the store: its answers are waited for as long as stopping may take.</summary>
    public async ValueTask DisposeAsync()
    {
        await _ticker.DisposeAsync();
        await _waker.DisposeAsync();

        // Not waited for: it may have to reach a server that is silent, to cancel what that does.
        Task told = _ending.CancelAsync();
        await _loop.DisposeAsync();
        await _reads.DisposeAsync();
        EndCalls();

        Task ended = _loop.WhenEffectsEndedAsync();
        await ended.WaitAsync(_stopTimeout, _timeProvider).ContinueWith(
            static _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);

        // L6: what has no answer by now is in doubt for the next owner, which looks for itself. A pool closed under a step that is
        // still waited for would look like a broken invariant.
        _steps.GiveUpAll();
        await ended;
        await _store.DisposeAsync();
        DisposeWhenTold(told);
    }

    private async void DisposeWhenTold(Task told)
    {
        await told.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _ending.Dispose();
    }

    private void EndCalls()
    {
        foreach (CallId call in _calls.Keys)
        {
            Answer(call, new ShardAnswer.Refused(Refusal.Unavailable(
                RefusalReason.ShuttingDown, $"This process has stopped serving shard {Shard}; ask its next owner.")));
        }
    }

    // One is enough: what it makes the machine look at is looked at when its turn comes.
    private void PostTimePassed()
    {
        if (Interlocked.Exchange(ref _isTickQueued, 1) == 0)
        {
            Post(new ShardEvent.TimePassed());
        }
    }

    private void Handle(ShardEvent e, ClockReading clock)
    {
        if (e is ShardEvent.TimePassed)
        {
            Volatile.Write(ref _isTickQueued, 0);
        }

        _machine.Handle(e, clock);
        if (e is ShardEvent.FrameReceived)
        {
            _frames.Leave();
        }
    }

    private void Start(ShardEffect effect)
    {
        switch (effect)
        {
            case ShardEffect.Answer answer:
                Answer(answer.Call, answer.Reply);
                break;
            case ShardEffect.Send send:
                _links.Send(send.To, send.Frame);
                break;
            case ShardEffect.ReadVersions read:
                _reads.Add(read);
                break;
            case ShardEffect.WakeWhenPast wake:
                _waker.WakeWhenPast(wake.Timestamp);
                break;
            case ShardEffect.Own own:
                Owned = own.Owner;
                _links.Own(this, own.Owner);
                break;
            case ShardEffect.Disown disown:
                Owned = null;
                _links.Disown(disown.Owner);
                break;
            case ShardEffect.Stopped:
                _stopped.TrySetResult();
                break;
            case ShardEffect.Notify notify:
                _observer.Observe(notify.Notice);
                break;
            default:
                _loop.PostWhenDone(_steps.RunAsync(effect));
                break;
        }
    }

    private void Answer(CallId call, ShardAnswer reply)
    {
        if (_calls.TryRemove(call, out TaskCompletionSource<ShardAnswer>? waiting))
        {
            waiting.TrySetResult(reply);
        }
    }
}
