using Transactions.Clocks;

namespace Transactions.Client;

/// <summary>A record that was found.</summary>
/// <typeparam name="T">What its document is.</typeparam>
/// <param name="Key">Its key.</param>
/// <param name="Value">Its document.</param>
/// <param name="CommitTimestamp">When it was committed; zero for the transaction's own write, which isn't yet.</param>
public sealed record StoreRecord<T>(string Key, T Value, Timestamp CommitTimestamp);
