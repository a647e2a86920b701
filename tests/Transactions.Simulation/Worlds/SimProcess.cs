namespace Transactions.Simulation;

/// <summary>A process that may crash, and come back with an empty memory.</summary>
internal abstract class SimProcess
{
    protected SimProcess(World world, string name)
    {
        (World, Name) = (world, name);
        Random = world.Random.Fork();
        Clock = new SimClock(world, world.Random.Fork());
    }

    public World World { get; }

    public string Name { get; }

    public SimClock Clock { get; }

    public SimRandom Random { get; }

    public bool IsUp { get; private set; }

    /// <summary>Counts its starts: what belongs to an earlier life never happens.</summary>
    public int Life { get; private set; }

    /// <summary>Until then it does nothing, and doesn't know that.</summary>
    public long PausedUntil { get; private set; }

    public void Start()
    {
        if (IsUp)
        {
            return;
        }

        IsUp = true;
        Life++;
        World.Note(Name, "starts", Life);
        OnStart();
    }

    public void Crash()
    {
        if (!IsUp)
        {
            return;
        }

        IsUp = false;
        PausedUntil = 0;
        World.Note(Name, "crashes");
        OnCrash();
    }

    public void Restart(long after)
    {
        Crash();
        World.After(after, Start);
    }

    public void Pause(long microseconds)
    {
        PausedUntil = Math.Max(PausedUntil, World.Now + microseconds);
        World.Note(Name, "pauses", microseconds);
    }

    /// <summary>Does something later, if this life lasts.</summary>
    public void After(long microseconds, Action action)
    {
        int life = Life;
        World.After(microseconds, () =>
        {
            if (IsUp && Life == life)
            {
                action();
            }
        });
    }

    /// <summary>A wait that never ends if this life does.</summary>
    public Task Delay(long microseconds)
    {
        TaskCompletionSource done = new();
        After(microseconds, done.SetResult);
        return done.Task;
    }

    protected abstract void OnStart();

    protected abstract void OnCrash();
}
