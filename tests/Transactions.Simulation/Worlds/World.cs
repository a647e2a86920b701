using Transactions.Clocks;

namespace Transactions.Simulation;

/// <summary>All that happens in one simulated run, in virtual time, on one thread: the seed alone decides what happens.</summary>
internal sealed class World
{
    /// <summary>Where time starts: 2026-01-01T00:00:00Z.</summary>
    public const long Start = 1_767_225_600_000_000;

    private readonly PriorityQueue<Action, (long Time, long Order)> _events = new();
    private readonly SimContext _context;
    private long _order;

    public World(Scenario scenario, Trace trace)
    {
        _context = new SimContext(this);
        Scenario = scenario;
        Trace = trace;
        Random = new SimRandom(scenario.Seed, stream: 1);
        Observer = new Observer(this);
        History = new SimHistory(this);
    }

    public Scenario Scenario { get; }

    public SimRandom Random { get; }

    public Trace Trace { get; }

    public Counters Counters { get; } = new();

    public Observer Observer { get; }

    /// <summary>What clients did and were told.</summary>
    public SimHistory History { get; }

    /// <summary>True time, in microseconds since the Unix epoch. No process sees it.</summary>
    public long Now { get; private set; } = Start;

    public Timestamp TrueTime => Timestamp.FromMicroseconds(Now);

    /// <summary>How many events have happened.</summary>
    public long Steps { get; private set; }

    /// <summary>The first broken invariant; the run ends with it.</summary>
    public Violation? Violation { get; private set; }

    /// <summary>How often machines are told that time has passed, in microseconds.</summary>
    public long TickInterval { get; set; } = 10_000;

    /// <summary>When everybody wakes who sleeps in the middle of a run; zero before.</summary>
    public long WakesAt { get; set; }

    /// <summary>Whether the sleep is still to come.</summary>
    public bool WillSleep => WakesAt > 0 && !IsAsleep && Now < WakesAt - Scenario.Sleep;

    /// <summary>Whether everybody sleeps.</summary>
    public bool IsAsleep { get; set; }

    /// <summary>Whether faults may still happen; the end of a run is calm, so that all can be finished.</summary>
    public bool IsStormy { get; set; }

    public void After(long microseconds, Action action) => _events.Enqueue(action, (Now + microseconds, _order++));

    /// <summary>Runs until something is true, or so much time has passed; false when it has.</summary>
    public bool RunUntil(Func<bool> isDone, long atMost)
    {
        long end = Now + atMost;
        SynchronizationContext? outside = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(_context);
        try
        {
            while (Violation is null && !isDone())
            {
                if (!_events.TryPeek(out Action? action, out (long Time, long Order) due) || due.Time > end)
                {
                    Now = end;
                    return false;
                }

                _events.Dequeue();
                Now = due.Time;
                Steps++;
                action();
            }

            return true;
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(outside);
        }
    }

    /// <summary>An invariant is broken: the run ends after this step.</summary>
    public void Fail(string invariant, string what)
    {
        if (Violation is null)
        {
            Violation = new Violation(invariant, what, Now - Start);
            Trace.Add(Now, "observer", "VIOLATION", $"{invariant}: {what}");
        }
    }

    public void Note(string who, string what, object? about = null) => Trace.Add(Now, who, what, about);
}
