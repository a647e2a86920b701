using System.Collections.Immutable;

namespace Transactions.Participant;

/// <summary>What an owner finds when it takes over (L3), read in a snapshot begun after the takeover committed.</summary>
/// <param name="Prepared">Prepared writers whose outcome this shard hasn't applied.</param>
public sealed record LoadedShard(ImmutableArray<PreparedRow> Prepared);
