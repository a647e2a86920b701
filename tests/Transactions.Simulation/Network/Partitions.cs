namespace Transactions.Simulation;

/// <summary>Who can't reach whom now: processes and databases, each direction by itself.</summary>
internal sealed class Partitions(World world)
{
    private readonly Dictionary<(string From, string To), long> _until = [];
    private long _lastHeals;

    /// <summary>Nothing that one group sends reaches the other for a while.</summary>
    public void Cut(IReadOnlyCollection<string> from, IReadOnlyCollection<string> to, long microseconds)
    {
        long until = world.Now + microseconds;
        _lastHeals = Math.Max(_lastHeals, until);
        foreach (string sender in from)
        {
            foreach (string receiver in to)
            {
                _until[(sender, receiver)] = Math.Max(until, _until.GetValueOrDefault((sender, receiver)));
            }
        }
    }

    /// <summary>Everybody reaches everybody again.</summary>
    public void Heal()
    {
        _until.Clear();
        _lastHeals = 0;
    }

    public bool IsCut(string from, string to) => Left(from, to) > 0;

    /// <summary>For how long nothing gets from one to the other; zero if something does.</summary>
    public long Left(string from, string to) =>
        world.Now < _lastHeals && _until.TryGetValue((from, to), out long until) ? Math.Max(0, until - world.Now) : 0;
}
