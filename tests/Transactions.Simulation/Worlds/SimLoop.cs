using NodaTime;
using Transactions.Clocks;

namespace Transactions.Simulation;

/// <summary>Drives one machine as a server's loop does: queued events one at a time, each with a fresh reading (T4), then the effects.</summary>
internal sealed class SimLoop<TEvent, TEffect>(
    SimProcess process,
    Action<TEvent, ClockReading> handle,
    Func<IReadOnlyList<TEffect>> takeEffects,
    Action<TEffect> start,
    Func<TEvent> timePassed)
    where TEvent : class
{
    private readonly Queue<TEvent> _events = new();
    private bool _isTurnDue;
    private bool _isTickQueued;

    public int Waiting => _events.Count;

    public void Post(TEvent e)
    {
        _events.Enqueue(e);
        Schedule();
    }

    /// <summary>Starts the regular ticks.</summary>
    public void Start()
    {
        PostTimePassed();
        process.After(process.World.TickInterval, Start);
    }

    /// <summary>A tick as soon as the clock's earliest is past a timestamp; it may come early.</summary>
    public void WakeWhenPast(Timestamp timestamp)
    {
        ClockReading reading = process.Clock.Read();
        if (!reading.IsHealthy)
        {
            return;
        }

        Duration remaining = reading.Interval.Until(timestamp);
        if (remaining < Duration.Zero)
        {
            PostTimePassed();
        }
        else
        {
            long microseconds = (remaining.BclCompatibleTicks / 10) + process.Random.Between(1, 1_000);
            process.After(microseconds, () => WakeWhenPast(timestamp));
        }
    }

    private void PostTimePassed()
    {
        if (!_isTickQueued)
        {
            _isTickQueued = true;
            Post(timePassed());
        }
    }

    private void Schedule()
    {
        if (!_isTurnDue)
        {
            _isTurnDue = true;
            process.After(process.Random.Between(0, 20), Turn);
        }
    }

    private void Turn()
    {
        if (process.PausedUntil > process.World.Now)
        {
            process.After(process.PausedUntil - process.World.Now, Turn);
            return;
        }

        _isTurnDue = false;
        for (int i = 0; i < process.World.Scenario.MostEventsInATurn && _events.TryDequeue(out TEvent? e); i++)
        {
            if (ReferenceEquals(e, timePassed()))
            {
                _isTickQueued = false;
            }

            handle(e, process.Clock.Read());
        }

        foreach (TEffect effect in takeEffects())
        {
            // A crash point among the effects ends the process between two of them.
            if (!process.IsUp)
            {
                return;
            }

            start(effect);
        }

        if (_events.Count > 0)
        {
            Schedule();
        }
    }
}
