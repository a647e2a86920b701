using System.Collections.Immutable;
using Transactions.Model;

namespace Transactions.Coordinator.Endings;

// What is kept of a transaction that ended here.
// Outcome: null when it ended by asking the log, which then is asked again (D4).
// Named: the shards that Commit named; empty when it never came that far.
// HasKey: whether a result may be stored with the outcome, in the log.
internal sealed record EndedTransaction(Outcome? Outcome, ImmutableArray<ShardGeneration> Named, bool HasKey);
