using Transactions.Clocks;
using Transactions.Model;

namespace Transactions.Participant;

/// <summary>A prepared transaction that has ended, whose row and intents go.</summary>
/// <param name="Id">The transaction.</param>
/// <param name="CommitTimestamp">Where its intents become versions (X10); null where they are only deleted.</param>
public readonly record struct ApplyItem(TransactionId Id, Timestamp? CommitTimestamp);
