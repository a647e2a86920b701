namespace Transactions.Model;

/// <summary>What a shard sends to a coordinator. Each may arrive twice, late, or out of order (section 7).</summary>
/// <param name="Id">The transaction.</param>
/// <param name="Owner">The shard, and the generation that speaks.</param>
public abstract record ShardFrame(TransactionId Id, ShardGeneration Owner)
{
    /// <summary>The transaction's first admitted operation was seen here (X3). Nobody waits for it.</summary>
    public sealed record Enlist(TransactionId Id, ShardGeneration Owner, TransactionContext Context) : ShardFrame(Id, Owner);

    /// <summary>The answer to Prepare (X7).</summary>
    public sealed record Voted(TransactionId Id, ShardGeneration Owner, Vote Vote) : ShardFrame(Id, Owner);

    /// <summary>The answer to CommitOnePhase (X11): the outcome that the shard's register holds.</summary>
    public sealed record OnePhaseEnded(TransactionId Id, ShardGeneration Owner, Outcome Outcome) : ShardFrame(Id, Owner);

    /// <summary>The writer's versions are durable (X10); the decision may be forgotten in time (D5).</summary>
    public sealed record Applied(TransactionId Id, ShardGeneration Owner) : ShardFrame(Id, Owner);

    /// <summary>A prepared writer without word asks for the outcome (D3).</summary>
    /// <param name="Id">The transaction.</param>
    /// <param name="Owner">The shard, and the generation that speaks.</param>
    /// <param name="Home">The coordinator and incarnation that the transaction belongs to.</param>
    public sealed record InDoubt(TransactionId Id, ShardGeneration Owner, CoordinatorId Home) : ShardFrame(Id, Owner);

    /// <summary>The shard ended a transaction that hadn't voted, by itself (X4, section 7).</summary>
    public sealed record Dropped(TransactionId Id, ShardGeneration Owner, AbortReason Reason) : ShardFrame(Id, Owner);

    /// <summary>The answer to ResolveOnePhase (D4).</summary>
    public sealed record Resolved(TransactionId Id, ShardGeneration Owner, ShardResolution Resolution) : ShardFrame(Id, Owner);
}
