using System.Threading.Channels;
using Transactions.Clocks;

namespace Transactions.Hosting;

/// <summary>Drives one pure machine: one event at a time, each with a clock reading taken when it is dequeued (T4).</summary>
/// <remarks>
/// <para>A <em>singular update queue</em>: events are handled in the order they came, by one task. After each run of queued events
/// the machine's effects are started, in order; their results come back as events.</para>
/// <para>Requests from outside are bounded: they find the queue full, or wait for room in it. What the machine's own effects bring
/// is never held up by them, or the machine might wait for itself.</para>
/// <para>Thread-safe. An exception out of the machine, or out of an effect, stops the process: memory can't be trusted.</para>
/// </remarks>
/// <typeparam name="TEvent">The machine's events.</typeparam>
/// <typeparam name="TEffect">The machine's effects.</typeparam>
public sealed class MachineLoop<TEvent, TEffect> : IAsyncDisposable
    where TEvent : class
{
    // Effects are started after at most so many events, so that a flood can't hold up what is to be sent.
    private const int MostEventsInARun = 256;

    // The variant for a single reader can't be counted.
    private readonly Channel<Queued> _events = Channel.CreateUnbounded<Queued>();
    private readonly TaskCompletionSource _effectsEnded = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly SemaphoreSlim _room;
    private readonly Action<TEvent, ClockReading> _handle;
    private readonly Func<IReadOnlyList<TEffect>> _takeEffects;
    private readonly Action<TEffect> _start;
    private readonly IBoundedClock _clock;
    private readonly IProcessStop _processStop;
    private Task? _running;

    // One for the loop itself, so that none under way for the moment doesn't mean the end.
    private int _effectsUnderWay = 1;

    /// <summary>Makes a loop; <see cref="Start"/> starts it.</summary>
    /// <param name="handle">The machine's Handle.</param>
    /// <param name="takeEffects">The machine's TakeEffects.</param>
    /// <param name="start">Starts one effect; must neither block nor throw.</param>
    /// <param name="clock">Read once for each event.</param>
    /// <param name="processStop">Told when the machine's protocol is broken.</param>
    /// <param name="capacity">How many requests may wait. At least 1.</param>
    public MachineLoop(
        Action<TEvent, ClockReading> handle,
        Func<IReadOnlyList<TEffect>> takeEffects,
        Action<TEffect> start,
        IBoundedClock clock,
        IProcessStop processStop,
        int capacity = 100_000)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, 1);
        _room = new SemaphoreSlim(capacity, capacity);
        (_handle, _takeEffects, _start, _clock, _processStop) = (handle, takeEffects, start, clock, processStop);
    }

    /// <summary>How many events wait.</summary>
    public int Waiting => _events.Reader.Count;

    /// <summary>Starts the loop. Events posted before wait for this.</summary>
    public void Start() => _running ??= Task.Run(RunAsync);

    /// <summary>Adds an event that isn't a request: an effect's result, time, a stream's beginning. After the loop was stopped, it is dropped.</summary>
    public void Post(TEvent e) => _events.Writer.TryWrite(new Queued(e, IsRequest: false));

    /// <summary>Adds a request; false when as many wait as may. After the loop was stopped, it is dropped.</summary>
    public bool TryPostRequest(TEvent e)
    {
        if (!_room.Wait(TimeSpan.Zero))
        {
            return false;
        }

        WriteRequest(e);
        return true;
    }

    /// <summary>Adds a request as soon as there is room for it. After the loop was stopped, it is dropped.</summary>
    /// <exception cref="OperationCanceledException">The token fired; it isn't added.</exception>
    public async ValueTask PostRequestAsync(TEvent e, CancellationToken cancellationToken)
    {
        await _room.WaitAsync(cancellationToken).ConfigureAwait(false);
        WriteRequest(e);
    }

    /// <summary>Adds what an effect brings, when it is there; an exception stops the process.</summary>
    public async void PostWhenDone(Task<TEvent> pending)
    {
        Interlocked.Increment(ref _effectsUnderWay);
        try
        {
            Post(await pending.ConfigureAwait(false));
        }
        catch (Exception unexpected)
        {
            _processStop.Stop(unexpected);
        }
        finally
        {
            EndEffect();
        }
    }

    /// <summary>Waits until no effect is under way any more. To be called once, when the loop has ended.</summary>
    public Task WhenEffectsEndedAsync()
    {
        EndEffect();
        return _effectsEnded.Task;
    }

    /// <summary>Handles what is queued, then ends the loop. Effects may still be under way: see <see cref="WhenEffectsEndedAsync"/>.</summary>
    public async ValueTask DisposeAsync()
    {
        _events.Writer.TryComplete();
        if (_running is { } running)
        {
            await running.ConfigureAwait(false);
        }
    }

    private void WriteRequest(TEvent e)
    {
        if (!_events.Writer.TryWrite(new Queued(e, IsRequest: true)))
        {
            _room.Release();
        }
    }

    private void EndEffect()
    {
        if (Interlocked.Decrement(ref _effectsUnderWay) == 0)
        {
            _effectsEnded.TrySetResult();
        }
    }

    private async Task RunAsync()
    {
        try
        {
            while (await _events.Reader.WaitToReadAsync().ConfigureAwait(false))
            {
                for (int i = 0; i < MostEventsInARun && _events.Reader.TryRead(out Queued queued); i++)
                {
                    if (queued.IsRequest)
                    {
                        _room.Release();
                    }

                    _handle(queued.Event, _clock.Read());
                }

                foreach (TEffect effect in _takeEffects())
                {
                    _start(effect);
                }
            }
        }
        catch (Exception broken)
        {
            _processStop.Stop(broken);
        }
    }

    private readonly record struct Queued(TEvent Event, bool IsRequest);
}
