using System.Collections.Immutable;
using Transactions.Clocks;
using Transactions.Model;

namespace Transactions.Participant;

/// <summary>A prepared writer, as it was persisted with its vote (X7): the row and its intents.</summary>
/// <param name="Context">The transaction.</param>
/// <param name="PrepareTimestamp">The vote's least commit timestamp.</param>
/// <param name="ValidUntil">The vote's greatest commit timestamp.</param>
/// <param name="Generation">The owner that voted.</param>
/// <param name="Operations">How many operations it admitted.</param>
/// <param name="Writes">The intents, sorted by key.</param>
public sealed record PreparedRow(
    TransactionContext Context,
    Timestamp PrepareTimestamp,
    Timestamp ValidUntil,
    Generation Generation,
    int Operations,
    ImmutableArray<RecordWrite> Writes);
