using System.Collections.Immutable;
using Transactions.Clocks;
using Transactions.Model;
using Transactions.Storage;

namespace Transactions.Coordinator.Server;

/// <summary>The decision log that all coordinators of a cluster share: a method for each storage effect of the machine.</summary>
/// <remarks>
/// <para>A write-once register per transaction: whatever is inserted first stays, and everybody obeys it (D1).</para>
/// <para>Thread-safe. Reads throw <see cref="StorageUnavailableException"/> when they can't be answered; writes answer how
/// they fared. A token stops a write only before anything is sent (<see cref="OperationCanceledException"/>; nothing was
/// written).</para>
/// </remarks>
public interface IDecisionLog : IAsyncDisposable
{
    /// <summary>Stores the cluster's name and mode at its first start, and compares them at every later one (T5).</summary>
    /// <param name="cluster">The cluster's name, not empty.</param>
    /// <param name="mode">Bounded or hybrid.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="ClusterMismatchException">The log belongs to a cluster of another name or mode; nothing was changed.</exception>
    /// <exception cref="StorageUnavailableException">PostgreSQL gave no clear answer.</exception>
    Task EnsureClusterAsync(string cluster, ClockMode mode, CancellationToken cancellationToken);

    /// <summary>Inserts decisions where there are none, in one commit, and reads what the register then holds (D1, D5, D6).</summary>
    /// <returns>Contents in the order of the decisions; a row under the id wins over a row under the key.</returns>
    Task<RecordResult> RecordAsync(ImmutableArray<Decision> decisions, CancellationToken cancellationToken);

    /// <summary>Reads the register by id, and by key if one is given. Finding nothing proves nothing (D2).</summary>
    /// <exception cref="StorageUnavailableException">PostgreSQL gave no clear answer.</exception>
    Task<DecisionLookup> ReadAsync(TransactionId? id, IdempotencyKey? key, CancellationToken cancellationToken);

    /// <summary>Notes that these writers have applied (D5). What is noted already, or not there, is passed over.</summary>
    /// <returns>Whether it is certainly durable; if not, the same may be noted again.</returns>
    Task<bool> MarkAppliedAsync(ImmutableArray<(TransactionId Id, ShardId Shard)> applied, CancellationToken cancellationToken);

    /// <summary>Reads commits that some writer hasn't applied, oldest first; their writers are those that haven't (D5).</summary>
    /// <exception cref="StorageUnavailableException">PostgreSQL gave no answer.</exception>
    Task<ImmutableArray<Decision>> FindUnappliedAsync(int limit, CancellationToken cancellationToken);

    /// <summary>
    /// Raises the low-water mark, then, in later commits, deletes what is dated at or below it, applied everywhere, and was
    /// applied at or before it (D5).
    /// </summary>
    /// <returns>The mark that now holds; it never falls. What couldn't be deleted this time is deleted next time.</returns>
    /// <exception cref="StorageUnavailableException">The mark may or may not be raised.</exception>
    Task<Timestamp> PruneAsync(Timestamp mark, CancellationToken cancellationToken);
}
