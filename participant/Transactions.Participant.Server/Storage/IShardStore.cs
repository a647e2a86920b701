using System.Collections.Immutable;
using Transactions.Clocks;
using Transactions.Model;
using Transactions.Storage;

namespace Transactions.Participant.Server;

/// <summary>One shard's durable state, as one process sees it: a method for each storage effect of the shard's machine.</summary>
/// <remarks>
/// <para>Thread-safe: the driver may start any method while others run. Reads throw
/// <see cref="StorageUnavailableException"/> when they can't be answered; writes answer how they fared, and never throw for
/// what PostgreSQL does.</para>
/// <para>A token stops a read. It stops a write only before anything is sent (<see cref="OperationCanceledException"/>;
/// nothing was written): stopping later would only make its answer ambiguous.</para>
/// <para>A method that makes several round trips to PostgreSQL tells when each has ended, so that its caller can wait for each, and
/// looks at the token between them.</para>
/// </remarks>
public interface IShardStore : IAsyncDisposable
{
    /// <summary>The shard.</summary>
    ShardId Shard { get; }

    /// <summary>Reads the shard's row, making it if there is none.</summary>
    /// <exception cref="StorageUnavailableException">PostgreSQL gave no clear answer.</exception>
    Task<ShardRow> ReadShardRowAsync(CancellationToken cancellationToken);

    /// <summary>Takes the shard over if its row is still as it was read (L3).</summary>
    /// <remarks>
    /// Writes of the old owner that hold up the takeover for longer than the lock timeout are ended by terminating their
    /// connections; a rival candidate never is.
    /// </remarks>
    /// <param name="self">The new owner.</param>
    /// <param name="seen">The generation that was read.</param>
    /// <param name="waitedOut">The lease that was read, and that has certainly passed.</param>
    /// <param name="leaseUntil">The new owner's lease.</param>
    /// <param name="onRoundTrip">Called after each round trip.</param>
    /// <param name="cancellationToken">Gives up between round trips.</param>
    Task<TakeoverResult> TakeOverAsync(
        ShardOwner self,
        Generation seen,
        Timestamp waitedOut,
        Timestamp leaseUntil,
        Action onRoundTrip,
        CancellationToken cancellationToken);

    /// <summary>Reads what the new owner must know, in one snapshot begun after this call.</summary>
    /// <exception cref="StorageUnavailableException">PostgreSQL gave no answer, or the row has another generation by now.</exception>
    Task<LoadedShard> LoadAsync(Generation generation, CancellationToken cancellationToken);

    /// <summary>Renews the lease and publishes what is visible (L4, S4). The lease must rise strictly; what is visible never falls.</summary>
    /// <returns><see cref="WriteResult.RolledBack"/> also when the row's lease reaches as far already.</returns>
    Task<WriteResult> RenewAsync(
        Generation generation, Timestamp leaseUntil, Timestamp visibleUpto, CancellationToken cancellationToken);

    /// <summary>Lowers the lease so that a successor needn't wait it out (L5); never raises it.</summary>
    Task<WriteResult> HandBackAsync(Fence fence, Timestamp leaseUntil, CancellationToken cancellationToken);

    /// <summary>Persists votes, one-phase commits and tombstones in one fenced commit (X7, X11, D4).</summary>
    /// <returns>
    /// Not transiently rolled back when an item is at fault, say by a value that is no JSON: tried singly, the others succeed.
    /// </returns>
    Task<PersistResult> PersistAsync(Fence fence, ImmutableArray<PersistItem> items, CancellationToken cancellationToken);

    /// <summary>
    /// Moves intents to versions, or deletes them, and deletes the prepared rows, in one fenced commit (X10). An id without
    /// rows is passed over.
    /// </summary>
    Task<WriteResult> ApplyAsync(Fence fence, ImmutableArray<ApplyItem> items, CancellationToken cancellationToken);

    /// <summary>Raises the epoch under the exclusive lock, then reads which of the doubtful writes are there (L6).</summary>
    /// <param name="generation">The owner's generation.</param>
    /// <param name="epoch">The epoch to raise it to: above the owner's, and above every one asked for before.</param>
    /// <param name="doubtful">The writes to look for.</param>
    /// <param name="onRoundTrip">Called after each round trip.</param>
    /// <param name="cancellationToken">Gives up between round trips.</param>
    /// <exception cref="StorageUnavailableException">
    /// PostgreSQL gave no clear answer: the epoch may or may not be raised, or be raised yet. Or it has reached this epoch already,
    /// by a later call, and nothing was changed. Ask again, for a higher one.
    /// </exception>
    Task<ReconcileResult> ReconcileAsync(
        Generation generation,
        long epoch,
        ImmutableArray<TransactionId> doubtful,
        Action onRoundTrip,
        CancellationToken cancellationToken);

    /// <summary>Answers many reads of versions at once, each by a statement begun after this call (X10, S2).</summary>
    /// <returns>One result for each query, in their order.</returns>
    Task<ImmutableArray<VersionsReadResult>> ReadVersionsAsync(
        ImmutableArray<VersionQuery> queries, CancellationToken cancellationToken);

    /// <summary>Reads one outcome row.</summary>
    /// <returns>Null when there is no row.</returns>
    /// <exception cref="StorageUnavailableException">PostgreSQL gave no answer.</exception>
    Task<Outcome?> ReadOutcomeAsync(TransactionId id, CancellationToken cancellationToken);

    /// <summary>
    /// Raises the history horizon and the outcomes mark in one fenced commit, then, in later ones, deletes what lies below
    /// (S2, D5). Neither ever falls.
    /// </summary>
    /// <returns>
    /// How the raise fared, or <see cref="WriteResult.Fenced"/>. What couldn't be deleted this time is deleted next time.
    /// </returns>
    Task<WriteResult> PruneAsync(
        Fence fence, Timestamp historyHorizon, Timestamp outcomesMark, Action onRoundTrip, CancellationToken cancellationToken);
}
