using System.Collections.Immutable;
using Transactions.Clocks;
using Transactions.Model;

namespace Transactions.Coordinator;

/// <summary>All that a coordinator wants done. The driver starts each in order and brings results back as events.</summary>
public abstract record CoordinatorEffect
{
    /// <summary>Answers a call. Each call is answered once at most.</summary>
    public sealed record Answer(CallId Call, CoordinatorAnswer Reply) : CoordinatorEffect;

    /// <summary>Sends a frame to the owner of a shard; dropped silently if the stream is gone.</summary>
    public sealed record Send(LinkId Link, ShardId Shard, CoordinatorFrame Frame) : CoordinatorEffect;

    /// <summary>Records decisions in one PostgreSQL commit (D1), sorted by id. Answered by <see cref="CoordinatorEvent.Recorded"/>.</summary>
    public sealed record Record(long Batch, ImmutableArray<Decision> Decisions) : CoordinatorEffect;

    /// <summary>Reads the register by id, and by key if one is given. Answered by <see cref="CoordinatorEvent.DecisionRead"/>.</summary>
    public sealed record Read(long Request, TransactionId? Id, IdempotencyKey? Key) : CoordinatorEffect;

    /// <summary>Notes that these writers have applied (D5). Answered by <see cref="CoordinatorEvent.MarkedApplied"/>.</summary>
    public sealed record MarkApplied(long Batch, ImmutableArray<(TransactionId Id, ShardId Shard)> Applied) : CoordinatorEffect;

    /// <summary>Reads commits that some writer hasn't applied (D5). Answered by <see cref="CoordinatorEvent.UnappliedFound"/>.</summary>
    /// <param name="Limit">How many at most, oldest first.</param>
    public sealed record FindUnapplied(int Limit) : CoordinatorEffect;

    /// <summary>Raises the low-water mark, then deletes what lies at or below it and is applied everywhere (D5).</summary>
    public sealed record Prune(Timestamp Mark) : CoordinatorEffect;

    /// <summary>Asks for a <see cref="CoordinatorEvent.TimePassed"/> as soon as the clock's earliest is past a timestamp (X9).</summary>
    public sealed record WakeWhenPast(Timestamp Timestamp) : CoordinatorEffect;

    /// <summary>Something a person should know.</summary>
    public sealed record Notify(CoordinatorNotice Notice) : CoordinatorEffect;
}
