namespace Transactions.Simulation;

/// <summary>One PostgreSQL server as all its clients meet it: away, slow, stalled, crashed, or failed over to its standby.</summary>
/// <param name="world">Where it is.</param>
/// <param name="name">Its name, in partitions too.</param>
/// <param name="setAvailable">Lets it answer, or not.</param>
/// <param name="crash">Kills it and starts it again; whether what wasn't acknowledged happened to reach the disk.</param>
internal sealed class SimDatabase(World world, string name, Action<bool> setAvailable, Action<bool> crash)
{
    private long _awayUntil;
    private long _slowUntil;
    private int _slowness;
    private long _stalledUntil;
    private long _heldUntil;

    public string Name => name;

    /// <summary>Counts the times at which all connections broke: what was sent before isn't done any more.</summary>
    public int Connections { get; private set; }

    /// <summary>How long writes are still held back from becoming visible.</summary>
    public long StallLeft => Math.Max(0, _stalledUntil - world.Now);

    /// <summary>How long answers are still held back.</summary>
    public long HoldLeft => Math.Max(0, _heldUntil - world.Now);

    /// <summary>How many times longer everything takes.</summary>
    public int Slowness => world.Now < _slowUntil ? _slowness : 1;

    public void GoAway(long microseconds)
    {
        world.Note(name, "is away", microseconds);
        _awayUntil = Math.Max(_awayUntil, world.Now + microseconds);
        setAvailable(false);
        world.After(microseconds, () =>
        {
            if (world.Now >= _awayUntil)
            {
                setAvailable(true);
            }
        });
    }

    /// <summary>Dies and comes back; statements under way may still be done, as those of a new connection.</summary>
    public void Crash(bool keepsUnflushed, bool breaksConnections)
    {
        Connections += breaksConnections ? 1 : 0;
        crash(keepsUnflushed);
    }

    /// <summary>Its synchronous standby takes over: it has all that was acknowledged, and perhaps what wasn't.</summary>
    public void FailOver(bool keepsUnflushed, long microseconds)
    {
        world.Note(name, "fails over", microseconds);
        Connections++;
        crash(keepsUnflushed);
        GoAway(microseconds);
    }

    public void StallDisk(long microseconds)
    {
        world.Note(name, "disk stalls", microseconds);
        _stalledUntil = world.Now + microseconds;
    }

    public void HoldAnswers(long microseconds)
    {
        world.Note(name, "answers are held", microseconds);
        _heldUntil = world.Now + microseconds;
    }

    public void SlowDown(int times, long microseconds)
    {
        world.Note(name, "slows down", (times, microseconds));
        (_slowness, _slowUntil) = (times, world.Now + microseconds);
    }

    /// <summary>All is well again.</summary>
    public void Recover()
    {
        (_awayUntil, _slowUntil, _stalledUntil, _heldUntil) = (0, 0, 0, 0);
        setAvailable(true);
    }
}
