using Transactions.Model;
using Transactions.Participant;

namespace Transactions.Simulation;

/// <summary>A call that waits at a shard.</summary>
/// <param name="Transaction">Whose operation it is; null for a snapshot read.</param>
/// <param name="Number">The operation's number.</param>
/// <param name="Operation">The operation; null for a snapshot read.</param>
/// <param name="Query">The snapshot read; null for an operation.</param>
/// <param name="Reply">Takes the answer.</param>
internal sealed record ShardCall(
    TransactionId? Transaction, OperationNumber Number, Operation? Operation, SnapshotQuery? Query, Action<ShardAnswer> Reply);
