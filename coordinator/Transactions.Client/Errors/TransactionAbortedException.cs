using Transactions.Model;

namespace Transactions.Client;

/// <summary>The transaction isn't committed and never will be: none of its writes is ever visible.</summary>
public sealed class TransactionAbortedException : Exception
{
    internal TransactionAbortedException(TransactionId id, Refusal refusal, Exception? cause = null)
        : base($"Transaction {id} is aborted: {refusal.Message}", cause)
    {
        TransactionId = id;
        Refusal = refusal;
    }

    /// <summary>The transaction.</summary>
    public TransactionId TransactionId { get; }

    /// <summary>
    /// Why; <see cref="AbortReason.ClientAborted"/> where this side gave it up, as it does with one that is doomed (X2).
    /// </summary>
    public AbortReason Reason => Refusal.AbortReason == AbortReason.Unspecified ? AbortReason.ClientAborted : Refusal.AbortReason;

    /// <summary>Whether running the whole transaction again may succeed.</summary>
    public bool MayRetry => Refusal.MayRetry;

    internal Refusal Refusal { get; }

    internal static TransactionAbortedException For(TransactionId id, AbortReason reason) =>
        new(id, Refusal.Aborted(reason, Describe(reason)));

    internal static TransactionAbortedException For(TransactionId id, Doom doom, AbortReason reason, Exception? cause = null) =>
        new(id, doom.ToRefusal() with { AbortReason = reason }, cause);

    // The same, telling also why the attempt before failed.
    internal TransactionAbortedException After(Exception before) =>
        new(TransactionId, Refusal with { Message = $"{Refusal.Message} The attempt before failed: {before.Message}" }, InnerException);

    private static string Describe(AbortReason reason) => reason switch
    {
        AbortReason.Unspecified => "no reason was given.",
        AbortReason.ClientAborted => "the client asked for it.",
        AbortReason.Wounded => "an older transaction needed a lock that it held; run it again.",
        AbortReason.DeadlinePassed => "its deadline passed before it was decided; give it more time, or do less in it.",
        AbortReason.HeartbeatMissed => "its coordinator heard nothing of it; check the network, and HeartbeatInterval.",
        AbortReason.OwnerChanged => "a shard changed its owner meanwhile; run it again.",
        AbortReason.SetMismatch => "the shards named at Commit aren't those that it used; run it again.",
        AbortReason.CountMismatch => "a shard counted other operations than the client; run it again.",
        AbortReason.VoteTimeout => "a shard's vote didn't come in time; run it again.",
        AbortReason.LeaseTooShort => "a shard's lease would have ended before the commit; run it again.",
        AbortReason.ClockUnhealthy => "a clock of the cluster is unhealthy; look at the coordinators' and participants' logs.",
        AbortReason.OperationConflict => "one operation number came with two contents.",
        AbortReason.StorageRefused => "a shard's database refused its writes; look at the participant's log.",
        AbortReason.CoordinatorLost => "its coordinator lost what it knew of it, as a restart does; run it again.",
        AbortReason.IdempotencyKeyTaken => "another transaction holds its idempotency key.",
        AbortReason.Resolved => "somebody asked for its outcome before it was decided, which ended it; run it again.",
        AbortReason.UnknownTransaction => "a shard doesn't know it; run it again.",
        AbortReason.Expired => "its record is older than the retention.",
        AbortReason.ShuttingDown => "a shard is moving to another owner; run it again.",
        AbortReason.Overloaded => "a queue was full; run it again, later.",
    };
}
