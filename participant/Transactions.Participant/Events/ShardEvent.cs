using Transactions.Clocks;
using Transactions.Model;

namespace Transactions.Participant;

/// <summary>All that can happen to a shard. The driver hands them in one at a time, each with a fresh clock reading.</summary>
public abstract record ShardEvent
{
    /// <summary>A transaction's operation came in, its context's signature verified.</summary>
    public sealed record OperationReceived(CallId Call, TransactionContext Context, OperationNumber Number, Operation Operation)
        : ShardEvent;

    /// <summary>A snapshot read came in.</summary>
    /// <param name="Call">The call to answer.</param>
    /// <param name="ReadTimestamp">The timestamp to read at; null for a strong read of this one shard (S1).</param>
    /// <param name="Query">What to read.</param>
    public sealed record SnapshotReadReceived(CallId Call, Timestamp? ReadTimestamp, SnapshotQuery Query) : ShardEvent;

    /// <summary>A call's client went away: no answer is needed. What was admitted stays admitted.</summary>
    public sealed record CallCancelled(CallId Call) : ShardEvent;

    /// <summary>The stream to a coordinator said Hello.</summary>
    public sealed record CoordinatorConnected(CoordinatorId Coordinator) : ShardEvent;

    /// <summary>The stream to a coordinator broke: all that was asked on it is unknown.</summary>
    public sealed record CoordinatorLost(CoordinatorId Coordinator) : ShardEvent;

    /// <summary>A frame came in from a connected coordinator.</summary>
    public sealed record FrameReceived(CoordinatorId From, CoordinatorFrame Frame) : ShardEvent;

    /// <summary>The answer to <see cref="ShardEffect.ReadVersions"/>.</summary>
    public sealed record VersionsRead(long Request, VersionsReadResult Result) : ShardEvent;

    /// <summary>The answer to <see cref="ShardEffect.ReadOutcome"/>.</summary>
    /// <param name="Request">The request.</param>
    /// <param name="Succeeded">Whether the row could be looked for.</param>
    /// <param name="Outcome">The row's outcome; null when there is no row.</param>
    public sealed record OutcomeRead(long Request, bool Succeeded, Outcome? Outcome) : ShardEvent;

    /// <summary>The answer to <see cref="ShardEffect.Persist"/>.</summary>
    public sealed record Persisted(long Batch, PersistResult Result) : ShardEvent;

    /// <summary>The answer to <see cref="ShardEffect.Apply"/>.</summary>
    public sealed record Applied(long Batch, WriteResult Result) : ShardEvent;

    /// <summary>The answer to <see cref="ShardEffect.Reconcile"/>; null when it failed or was itself ambiguous.</summary>
    public sealed record Reconciled(long Request, ReconcileResult? Result) : ShardEvent;

    /// <summary>The answer to <see cref="ShardEffect.ReadShardRow"/>; null when it failed.</summary>
    public sealed record ShardRowRead(ShardRow? Row) : ShardEvent;

    /// <summary>The answer to <see cref="ShardEffect.TakeOver"/>.</summary>
    public sealed record TakenOver(TakeoverResult Result) : ShardEvent;

    /// <summary>The answer to <see cref="ShardEffect.Load"/>; null when it failed.</summary>
    public sealed record Loaded(LoadedShard? State) : ShardEvent;

    /// <summary>The answer to <see cref="ShardEffect.Renew"/>.</summary>
    public sealed record Renewed(WriteResult Result) : ShardEvent;

    /// <summary>The answer to <see cref="ShardEffect.HandBack"/>.</summary>
    public sealed record HandedBack(WriteResult Result) : ShardEvent;

    /// <summary>The answer to <see cref="ShardEffect.Prune"/>.</summary>
    public sealed record Pruned(WriteResult Result) : ShardEvent;

    /// <summary>Time passed. Sent often (every 10 ms or so), and when a waited-for timestamp has passed.</summary>
    public sealed record TimePassed : ShardEvent;

    /// <summary>The process is stopping: end this generation and hand the lease back (L5).</summary>
    public sealed record StopRequested : ShardEvent;
}
