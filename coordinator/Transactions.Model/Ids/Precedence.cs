using Transactions.Clocks;

namespace Transactions.Model;

/// <summary>The order of wound-wait (X4): the smaller is the older, and the older one goes first.</summary>
/// <param name="Priority">The start timestamp of the transaction's first try; a retry keeps it.</param>
/// <param name="Id">Breaks ties.</param>
public readonly record struct Precedence(Timestamp Priority, TransactionId Id) : IComparable<Precedence>
{
    /// <summary>Whether this one wounds <paramref name="other"/> rather than wait behind it.</summary>
    public bool IsOlderThan(Precedence other) => CompareTo(other) < 0;

    /// <inheritdoc/>
    public int CompareTo(Precedence other)
    {
        int byPriority = Priority.CompareTo(other.Priority);
        return byPriority != 0 ? byPriority : Id.CompareTo(other.Id);
    }
}
