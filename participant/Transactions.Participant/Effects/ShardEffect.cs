using System.Collections.Immutable;
using Transactions.Clocks;
using Transactions.Model;

namespace Transactions.Participant;

/// <summary>All that a shard wants done. The driver starts each in order and brings results back as events.</summary>
public abstract record ShardEffect
{
    /// <summary>Answers a call. Each call is answered once at most.</summary>
    public sealed record Answer(CallId Call, ShardAnswer Reply) : ShardEffect;

    /// <summary>Sends a frame to a coordinator; dropped silently if the stream is gone.</summary>
    public sealed record Send(CoordinatorId To, ShardFrame Frame) : ShardEffect;

    /// <summary>Reads versions, in a statement begun after this effect. Answered by <see cref="ShardEvent.VersionsRead"/>.</summary>
    public sealed record ReadVersions(long Request, VersionQuery Query) : ShardEffect;

    /// <summary>Reads one outcome row. Answered by <see cref="ShardEvent.OutcomeRead"/>.</summary>
    public sealed record ReadOutcome(long Request, TransactionId Id) : ShardEffect;

    /// <summary>Persists votes, one-phase commits and tombstones in one fenced commit. Answered by <see cref="ShardEvent.Persisted"/>.</summary>
    public sealed record Persist(long Batch, Fence Fence, ImmutableArray<PersistItem> Items) : ShardEffect;

    /// <summary>
    /// Moves intents to versions, or deletes them, and deletes the prepared rows, in one fenced commit (X10). An id without
    /// rows is passed over. Answered by <see cref="ShardEvent.Applied"/>.
    /// </summary>
    public sealed record Apply(long Batch, Fence Fence, ImmutableArray<ApplyItem> Items) : ShardEffect;

    /// <summary>
    /// Raises the epoch to this one under the exclusive lock and reads what happened (L6). Answered by
    /// <see cref="ShardEvent.Reconciled"/>.
    /// </summary>
    public sealed record Reconcile(long Request, Generation Generation, long Epoch, ImmutableArray<TransactionId> Doubtful)
        : ShardEffect;

    /// <summary>Reads the shard's row, making it if there is none. Answered by <see cref="ShardEvent.ShardRowRead"/>.</summary>
    public sealed record ReadShardRow : ShardEffect;

    /// <summary>Takes the shard over if its row is still as it was read (L3). Answered by <see cref="ShardEvent.TakenOver"/>.</summary>
    /// <param name="Seen">The generation that was read.</param>
    /// <param name="WaitedOut">The lease that was read and has passed.</param>
    /// <param name="LeaseUntil">The new owner's lease.</param>
    public sealed record TakeOver(Generation Seen, Timestamp WaitedOut, Timestamp LeaseUntil) : ShardEffect;

    /// <summary>Reads what the new owner must know, in a new snapshot. Answered by <see cref="ShardEvent.Loaded"/>.</summary>
    public sealed record Load(Generation Generation) : ShardEffect;

    /// <summary>Renews the lease and publishes what is visible (L4, S4). Answered by <see cref="ShardEvent.Renewed"/>.</summary>
    public sealed record Renew(Generation Generation, Timestamp LeaseUntil, Timestamp VisibleUpto) : ShardEffect;

    /// <summary>Lowers the lease so that a successor needn't wait it out (L5). Answered by <see cref="ShardEvent.HandedBack"/>.</summary>
    public sealed record HandBack(Fence Fence, Timestamp LeaseUntil) : ShardEffect;

    /// <summary>
    /// Raises the history horizon and the outcomes mark in one fenced commit, then, in later ones, deletes what lies below
    /// (S2, D5). Answered by <see cref="ShardEvent.Pruned"/>.
    /// </summary>
    public sealed record Prune(Fence Fence, Timestamp HistoryHorizon, Timestamp OutcomesMark) : ShardEffect;

    /// <summary>Asks for a <see cref="ShardEvent.TimePassed"/> as soon as the clock's earliest is past a timestamp.</summary>
    public sealed record WakeWhenPast(Timestamp Timestamp) : ShardEffect;

    /// <summary>The shard is owned here from now on: tell the coordinators.</summary>
    public sealed record Own(ShardGeneration Owner) : ShardEffect;

    /// <summary>The shard is owned here no more: tell the coordinators.</summary>
    public sealed record Disown(ShardGeneration Owner) : ShardEffect;

    /// <summary>The lease was handed back, or lost, after StopRequested: the loop may end.</summary>
    public sealed record Stopped : ShardEffect;

    /// <summary>Something a person should know.</summary>
    public sealed record Notify(ShardNotice Notice) : ShardEffect;
}
