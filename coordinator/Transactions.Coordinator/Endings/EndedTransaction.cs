using System.Collections.Immutable;
using Transactions.Model;

namespace Transactions.Coordinator.Endings;

// What is kept of a transaction that ended here.
// Outcome: null when it ended by asking the log, which then is asked again (D4).
// Named: the shards that Commit named; empty when it never came that far.
// HasKey: whether a result may be stored with the outcome, in the log.
// Client: who ran it; null when it was never held here, since then whoever names it may only claim to.
internal sealed record EndedTransaction(Outcome? Outcome, ImmutableArray<ShardGeneration> Named, bool HasKey, string? Client)
{
    // Nobody hears of another client's transaction, nor ends it.
    public bool IsAnothers(string client) => Client is { } owner && owner != client;
}
