namespace Transactions.Simulation;

/// <summary>Counts how often each path of the protocol was walked and each fault injected, so that a run shows what it has exercised.</summary>
internal sealed class Counters
{
    private static readonly int Places = Enum.GetValues<CrashPlace>().Length;

    private readonly long[] _paths = new long[Enum.GetValues<Path>().Length];
    private readonly long[] _faults = new long[Enum.GetValues<Fault>().Length];
    private readonly long[] _crashes = new long[Enum.GetValues<StorageStep>().Length * Places];

    public long this[Path path] => _paths[(int)path];

    public long this[Fault fault] => _faults[(int)fault];

    /// <summary>How many processes crashed at a step of storage.</summary>
    public long this[StorageStep step, CrashPlace place] => _crashes[((int)step * Places) + (int)place];

    /// <summary>All that was injected.</summary>
    public long Faults { get; private set; }

    public void Add(Path path, long count = 1) => _paths[(int)path] += count;

    public void Add(Fault fault)
    {
        _faults[(int)fault]++;
        Faults++;
    }

    public void Add(StorageStep step, CrashPlace place)
    {
        _crashes[((int)step * Places) + (int)place]++;
        Add(Fault.CrashAtStep);
    }

    public void Add(Counters other)
    {
        Add(_paths, other._paths);
        Add(_faults, other._faults);
        Add(_crashes, other._crashes);
        Faults += other.Faults;
    }

    private static void Add(long[] to, long[] more)
    {
        for (int i = 0; i < to.Length; i++)
        {
            to[i] += more[i];
        }
    }
}
