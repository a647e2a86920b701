namespace Transactions.Simulation;

/// <summary>Counts how often each path of the protocol was walked, so that a run shows what it has exercised.</summary>
internal sealed class Counters
{
    private readonly long[] _counts = new long[Enum.GetValues<Path>().Length];

    public long this[Path path] => _counts[(int)path];

    public void Add(Path path, long count = 1) => _counts[(int)path] += count;

    public void Add(Counters other)
    {
        for (int i = 0; i < _counts.Length; i++)
        {
            _counts[i] += other._counts[i];
        }
    }
}
