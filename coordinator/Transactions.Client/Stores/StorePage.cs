using Transactions.Clocks;

namespace Transactions.Client;

/// <summary>A part of a range, in key order.</summary>
/// <typeparam name="T">What the documents are.</typeparam>
/// <param name="Records">The records, at most as many as asked.</param>
/// <param name="Continuation">The key to go on from; null at the end of the range.</param>
/// <param name="ReadTimestamp">The timestamp read at; null in a transaction.</param>
public sealed record StorePage<T>(IReadOnlyList<StoreRecord<T>> Records, string? Continuation, Timestamp? ReadTimestamp);
