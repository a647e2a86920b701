using Transactions.Model;
using Transactions.Storage;

namespace Transactions.Participant.Server.Postgres;

/// <summary>Runs an owner's writing transactions, each behind the shard's fence (L2).</summary>
/// <remarks>Thread-safe.</remarks>
internal sealed class FencedWrites(ShardId shard, OneTripTransaction transaction, LostBackends lost)
{
    private const string LockShared = "select pg_advisory_xact_lock_shared($1)";
    private const string LockExclusive = "select pg_advisory_xact_lock($1)";
    private const string CheckFence = "select txn.check_fence($1, $2, $3)";

    /// <summary>The key of the advisory lock that owners share and a takeover excludes.</summary>
    public long LockKey { get; } = AdvisoryLocks.KeyOf($"transactions/shard/{shard}");

    /// <summary>
    /// Runs statements behind the fence: the lock as a statement of its own, the check in a later one, whose snapshot is
    /// therefore younger than the lock, then the writes.
    /// </summary>
    public Task<TransactionFate> RunAsync(Fence fence, IEnumerable<Statement> writes, CancellationToken cancellationToken) =>
        RunAsync([Statement.Query(LockShared).With(LockKey), Check(fence), .. writes], cancellationToken);

    /// <summary>As <see cref="RunAsync(Fence, IEnumerable{Statement}, CancellationToken)"/>, but alone: no other write of any owner is under way.</summary>
    public Task<TransactionFate> RunAloneAsync(Fence fence, IEnumerable<Statement> writes, CancellationToken cancellationToken) =>
        RunAsync([ExclusiveLock(), Check(fence), .. writes], cancellationToken);

    /// <summary>Runs statements that bring a fence of their own.</summary>
    /// <exception cref="OperationCanceledException">The token fired; nothing was sent.</exception>
    public async Task<TransactionFate> RunAsync(IReadOnlyList<Statement> statements, CancellationToken cancellationToken)
    {
        // A free connection is taken whatever the token says.
        cancellationToken.ThrowIfCancellationRequested();
        TransactionFate fate = await transaction.RunAsync(statements, cancellationToken);
        if (fate is TransactionFate.Ambiguous ambiguous)
        {
            lost.Add(ambiguous.Backend);
        }

        return fate;
    }

    /// <summary>Waits until no owner's write is under way, and keeps new ones out until COMMIT.</summary>
    public Statement ExclusiveLock() => Statement.Query(LockExclusive).With(LockKey);

    /// <summary>What a fate means where a write has no answer of its own.</summary>
    public static WriteResult Result(TransactionFate fate) => fate switch
    {
        TransactionFate.Committed => WriteResult.Committed,
        TransactionFate.RolledBack { SqlState: SqlStates.Fenced } => WriteResult.Fenced,
        TransactionFate.RolledBack => WriteResult.RolledBack,
        TransactionFate.Ambiguous => WriteResult.Ambiguous,
        _ => throw new InvalidOperationException($"Unknown fate {fate}."),
    };

    private Statement Check(Fence fence) =>
        Statement.Query(CheckFence).With(shard.Value).With(fence.Generation.Value).With(fence.Epoch);
}
