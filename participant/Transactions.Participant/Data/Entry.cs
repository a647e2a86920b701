using Transactions.Clocks;

namespace Transactions.Participant;

/// <summary>A record as a read answers it.</summary>
/// <param name="Key">Its key.</param>
/// <param name="Value">Its value.</param>
/// <param name="CommitTimestamp">When the value was committed; zero for the transaction's own buffered write.</param>
public readonly record struct Entry(string Key, Document Value, Timestamp CommitTimestamp);
