namespace Transactions.Histories;

/// <summary>How much was judged, and how much work it was.</summary>
public sealed record CheckCounters
{
    /// <summary>Transactions begun.</summary>
    public int Transactions { get; init; }

    /// <summary>Transactions that count as committed: acknowledged, or in doubt with a write that somebody read.</summary>
    public int Committed { get; init; }

    /// <summary>In doubt, and none of their writes was seen: they count as never run.</summary>
    public int InDoubtUnseen { get; init; }

    /// <summary>Keys named.</summary>
    public int Keys { get; init; }

    /// <summary>Reads of a key from outside the reading transaction, absent keys in scanned ranges among them.</summary>
    public int Reads { get; init; }

    /// <summary>Reads of which can't be told which write they saw, so that they order nothing.</summary>
    public int UnresolvedReads { get; init; }

    /// <summary>Reads compared with the state at a recorded timestamp.</summary>
    public int TimestampedReads { get; init; }

    /// <summary>Keys with an acknowledged write that nobody read after it: what is lost of them isn't seen.</summary>
    public int KeysWithoutFinalRead { get; init; }

    /// <summary>Nodes of the graph: transactions, and those that stand for moments.</summary>
    public int Nodes { get; init; }

    /// <summary>Edges of the graph.</summary>
    public int Edges { get; init; }

    /// <summary>Edges followed while searching components and cycles.</summary>
    public long Steps { get; init; }
}
