using System.Threading.Channels;
using Transactions.Clocks;

namespace Transactions.Hosting;

/// <summary>Drives one pure machine: one event at a time, each with a clock reading taken when it is dequeued (T4).</summary>
/// <remarks>
/// <para>A <em>singular update queue</em>: whoever posts never waits; events are handled in the order they came, by one task. After
/// each run of queued events the machine's effects are started, in order; their results come back as events.</para>
/// <para>Thread-safe. An exception out of the machine, or out of an effect, stops the process: memory can't be trusted.</para>
/// </remarks>
/// <typeparam name="TEvent">The machine's events.</typeparam>
/// <typeparam name="TEffect">The machine's effects.</typeparam>
public sealed class MachineLoop<TEvent, TEffect> : IAsyncDisposable
    where TEvent : class
{
    // Effects are started after at most so many events, so that a flood can't hold up what is to be sent.
    private const int MostEventsInARun = 256;

    private readonly Channel<TEvent> _events = Channel.CreateUnbounded<TEvent>(new() { SingleReader = true });
    private readonly Action<TEvent, ClockReading> _handle;
    private readonly Func<IReadOnlyList<TEffect>> _takeEffects;
    private readonly Action<TEffect> _start;
    private readonly IBoundedClock _clock;
    private readonly IProcessStop _processStop;
    private Task? _running;

    /// <summary>Makes a loop; <see cref="Start"/> starts it.</summary>
    /// <param name="handle">The machine's Handle.</param>
    /// <param name="takeEffects">The machine's TakeEffects.</param>
    /// <param name="start">Starts one effect; must neither block nor throw.</param>
    /// <param name="clock">Read once for each event.</param>
    /// <param name="processStop">Told when the machine's protocol is broken.</param>
    public MachineLoop(
        Action<TEvent, ClockReading> handle,
        Func<IReadOnlyList<TEffect>> takeEffects,
        Action<TEffect> start,
        IBoundedClock clock,
        IProcessStop processStop)
    {
        (_handle, _takeEffects, _start, _clock, _processStop) = (handle, takeEffects, start, clock, processStop);
    }

    /// <summary>How many events wait.</summary>
    public int Waiting => _events.Reader.Count;

    /// <summary>Starts the loop. Events posted before wait for this.</summary>
    public void Start() => _running ??= Task.Run(RunAsync);

    /// <summary>Adds an event. After the loop was stopped, it is dropped.</summary>
    public void Post(TEvent e) => _events.Writer.TryWrite(e);

    /// <summary>Adds what an effect brings, when it is there; an exception stops the process.</summary>
    public async void PostWhenDone(Task<TEvent> pending)
    {
        try
        {
            Post(await pending.ConfigureAwait(false));
        }
        catch (Exception unexpected)
        {
            _processStop.Stop(unexpected);
        }
    }

    /// <summary>Handles what is queued, then ends the loop.</summary>
    public async ValueTask DisposeAsync()
    {
        _events.Writer.TryComplete();
        if (_running is { } running)
        {
            await running.ConfigureAwait(false);
        }
    }

    private async Task RunAsync()
    {
        try
        {
            while (await _events.Reader.WaitToReadAsync().ConfigureAwait(false))
            {
                for (int i = 0; i < MostEventsInARun && _events.Reader.TryRead(out TEvent? e); i++)
                {
                    _handle(e, _clock.Read());
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
}
