using System.Collections.Immutable;
using Transactions.Model;

namespace Transactions.Participant;

/// <summary>What L6 found after it raised the epoch: which of the doubtful writes are there.</summary>
/// <param name="Epoch">The epoch that was asked for, and that is the row's now; null when the generation is another one: this owner is fenced.</param>
/// <param name="Prepared">Those of the ids asked that have a prepared row.</param>
/// <param name="Outcomes">Those of the ids asked that have an outcome row.</param>
public sealed record ReconcileResult(
    long? Epoch,
    ImmutableHashSet<TransactionId> Prepared,
    ImmutableDictionary<TransactionId, Outcome> Outcomes);
