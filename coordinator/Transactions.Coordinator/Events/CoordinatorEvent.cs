using System.Collections.Immutable;
using NodaTime;
using Transactions.Model;

namespace Transactions.Coordinator;

/// <summary>All that can happen to a coordinator. The driver hands them in one at a time, each with a fresh clock reading.</summary>
public abstract record CoordinatorEvent
{
    /// <summary>A client without our library asks for a context (X1). Answered with <see cref="CoordinatorAnswer.Begun"/>.</summary>
    /// <param name="Call">The call to answer.</param>
    /// <param name="Client">The client's id.</param>
    /// <param name="Chance">10 random bytes for the id.</param>
    /// <param name="Timeout">How long it may run; null takes the longest lifetime.</param>
    /// <param name="Priority">The priority of a first try, for a retry; null takes the present.</param>
    public sealed record Begin(
        CallId Call, string Client, ImmutableArray<byte> Chance, Duration? Timeout, Clocks.Timestamp? Priority) : CoordinatorEvent;

    /// <summary>The client has done its work and wants it committed (X6). Answered when the outcome may be told (X9).</summary>
    /// <param name="Call">The call to answer.</param>
    /// <param name="Context">The transaction, its signature verified.</param>
    /// <param name="Shards">What the client gathered.</param>
    /// <param name="Key">The business request's key, if it has one (D6).</param>
    /// <param name="Result">What to store with the decision for repeats of the key; null without a key.</param>
    public sealed record Commit(
        CallId Call,
        TransactionContext Context,
        ImmutableArray<CommitShard> Shards,
        IdempotencyKey? Key,
        ReadOnlyMemory<byte>? Result) : CoordinatorEvent;

    /// <summary>The client gives up. Answered with what then holds.</summary>
    public sealed record Abort(CallId Call, TransactionContext Context) : CoordinatorEvent;

    /// <summary>The client lives and still runs these. Answered with those that have ended meanwhile.</summary>
    public sealed record Heartbeat(CallId Call, string Client, ImmutableArray<TransactionId> Ids) : CoordinatorEvent;

    /// <summary>Somebody asks how a transaction ended, by id or by key, without ending it.</summary>
    public sealed record GetOutcome(CallId Call, TransactionId? Id, IdempotencyKey? Key) : CoordinatorEvent;

    /// <summary>A client lost the reply to its Commit and wants the outcome, ending the transaction if need be (D4).</summary>
    public sealed record Resolve(CallId Call, TransactionContext Context, ImmutableArray<CommitShard> Shards, IdempotencyKey? Key)
        : CoordinatorEvent;

    /// <summary>A client asks for a read timestamp (S1).</summary>
    public sealed record GetTimestamp(CallId Call) : CoordinatorEvent;

    /// <summary>A call's client went away: no answer is needed. The transaction goes on.</summary>
    public sealed record CallCancelled(CallId Call) : CoordinatorEvent;

    /// <summary>A participant's stream said Hello, or took over a shard: it owns this shard now.</summary>
    /// <param name="Link">The stream.</param>
    /// <param name="Owner">The shard and its generation.</param>
    /// <param name="Endpoint">Where its Store answers.</param>
    public sealed record ShardConnected(LinkId Link, ShardGeneration Owner, string Endpoint) : CoordinatorEvent;

    /// <summary>The participant on this stream no longer owns the shard.</summary>
    public sealed record ShardLeft(LinkId Link, ShardGeneration Owner) : CoordinatorEvent;

    /// <summary>A stream broke: all that was asked on it is unknown.</summary>
    public sealed record LinkLost(LinkId Link) : CoordinatorEvent;

    /// <summary>A frame came in.</summary>
    public sealed record FrameReceived(LinkId Link, ShardFrame Frame) : CoordinatorEvent;

    /// <summary>The answer to <see cref="CoordinatorEffect.Record"/>.</summary>
    public sealed record Recorded(long Batch, RecordResult Result) : CoordinatorEvent;

    /// <summary>The answer to <see cref="CoordinatorEffect.Read"/>; null when the log couldn't be read.</summary>
    public sealed record DecisionRead(long Request, DecisionLookup? Lookup) : CoordinatorEvent;

    /// <summary>The answer to <see cref="CoordinatorEffect.MarkApplied"/>.</summary>
    public sealed record MarkedApplied(long Batch, bool Succeeded) : CoordinatorEvent;

    /// <summary>The answer to <see cref="CoordinatorEffect.FindUnapplied"/>; null when the log couldn't be read.</summary>
    public sealed record UnappliedFound(ImmutableArray<Decision>? Decisions) : CoordinatorEvent;

    /// <summary>The answer to <see cref="CoordinatorEffect.Prune"/>: the mark that now holds, or null when it failed.</summary>
    public sealed record Pruned(Clocks.Timestamp? Mark) : CoordinatorEvent;

    /// <summary>Time passed. Sent often (every 10 ms or so), and when a waited-for timestamp has passed.</summary>
    public sealed record TimePassed : CoordinatorEvent;

    /// <summary>The process is stopping: take no new transactions, finish those under way.</summary>
    public sealed record StopRequested : CoordinatorEvent;
}
