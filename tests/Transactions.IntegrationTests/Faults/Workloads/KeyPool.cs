namespace Transactions.IntegrationTests.Faults;

/// <summary>Gives out keys of lists, and elements that no list was given before. Thread-safe.</summary>
/// <remarks>Every read of a list is the whole list, so that each is left for the next one when it may be long.</remarks>
internal sealed class KeyPool
{
    private const int Active = 4;
    private const int Longest = 24;

    private readonly Lock _lock = new();
    private readonly string _prefix;
    private readonly List<ListKey> _all = [];
    private readonly (ListKey Key, int Length)[] _active;
    private long _element;

    public KeyPool(string prefix, IReadOnlyList<string> services)
    {
        _prefix = prefix;
        _active = [.. services.SelectMany(service => Enumerable.Range(0, Active).Select(_ => (NewKey(service), 0)))];
    }

    /// <summary>Every key that was ever given out.</summary>
    public IReadOnlyList<ListKey> All
    {
        get
        {
            lock (_lock)
            {
                return [.. _all];
            }
        }
    }

    public ListKey Next(Random random)
    {
        lock (_lock)
        {
            return _active[random.Next(_active.Length)].Key;
        }
    }

    public (ListKey Key, long Element) NextElement(Random random)
    {
        lock (_lock)
        {
            int chosen = random.Next(_active.Length);
            (ListKey key, int length) = _active[chosen];
            _active[chosen] = length + 1 < Longest ? (key, length + 1) : (NewKey(key.Service), 0);
            return (key, ++_element);
        }
    }

    private ListKey NewKey(string service)
    {
        ListKey key = new(service, $"{_prefix}-{_all.Count}");
        _all.Add(key);
        return key;
    }
}
