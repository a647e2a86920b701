namespace Transactions.Histories;

/// <summary>All that happened to one key.</summary>
internal sealed class KeyHistory(int id, string name)
{
    private bool _isRegister;

    public int Id { get; } = id;

    public string Name { get; } = name;

    /// <summary>Whether it holds a list; else it holds a register, or nobody knows and nothing depends on it.</summary>
    public bool IsList { get; private set; }

    /// <summary>Every write, also of aborted transactions, by transaction and then in order.</summary>
    public List<KeyWrite> Writes { get; } = [];

    /// <summary>The writes by what they wrote; deletions aside.</summary>
    public Dictionary<long, KeyWrite> ByValue { get; } = [];

    /// <summary>Deletions of a register that may have committed.</summary>
    public List<KeyWrite> Deletions { get; } = [];

    /// <summary>The acknowledged transactions' reads of it, by transaction.</summary>
    public List<ExternalRead> Reads { get; } = [];

    /// <summary>The committed versions: <c>Versions[i]</c> is version i + 1.</summary>
    public List<KeyWrite> Versions { get; } = [];

    /// <summary>So many versions follow each other in a known, total order.</summary>
    public int Chained { get; set; }

    /// <summary>What else is known of the order of versions.</summary>
    public List<VersionEdge> Successions { get; } = [];

    /// <summary>The committed writes with a known commit timestamp, by it; of a register, the last of each transaction.</summary>
    public List<KeyWrite> ByTimestamp { get; } = [];

    /// <summary>Of a list: its longest read.</summary>
    public ExternalRead? Longest { get; set; }

    public void MustBeList() => Set(isList: true);

    public void MustBeRegister() => Set(isList: false);

    /// <summary>A version in words.</summary>
    public string Describe(int version) =>
        version <= 0 ? "the initial state" : Versions[version - 1].Value is { } value ? $"{value}" : "its deletion";

    private void Set(bool isList)
    {
        if (isList ? _isRegister : IsList)
        {
            throw new HistoryFormatException($"Key {Name} is used as a list and as a register.");
        }

        (IsList, _isRegister) = (isList, !isList);
    }
}
