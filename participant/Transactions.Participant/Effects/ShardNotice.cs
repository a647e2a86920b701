using Transactions.Clocks;
using Transactions.Model;

namespace Transactions.Participant;

/// <summary>What a shard wants people to know; the driver logs and counts them.</summary>
public abstract record ShardNotice
{
    /// <summary>This process owns the shard and serves it.</summary>
    public sealed record Serving(ShardGeneration Owner, int Prepared) : ShardNotice;

    /// <summary>Another process holds the lease: waiting for it to pass.</summary>
    public sealed record WaitingForLease(Generation Generation, string Owner, Timestamp LeaseUntil) : ShardNotice;

    /// <summary>Another process owns the shard: this one stopped serving it.</summary>
    public sealed record Fenced(ShardGeneration Owner) : ShardNotice;

    /// <summary>A write got no clear answer: the epoch is raised before anything else is written (L6).</summary>
    public sealed record Ambiguity(int Transactions, string Message) : ShardNotice;

    /// <summary>A write was rolled back and is tried again.</summary>
    public sealed record StorageFailing(string What, string Message) : ShardNotice;

    /// <summary>A transaction lost its locks to an older one.</summary>
    public sealed record Wounded(TransactionId Victim, TransactionId By, string Lock) : ShardNotice;

    /// <summary>A prepared transaction has waited long for its outcome.</summary>
    public sealed record InDoubt(TransactionId Id, CoordinatorId Home) : ShardNotice;

    /// <summary>A transaction ended here.</summary>
    public sealed record Ended(TransactionId Id, Outcome Outcome) : ShardNotice;

    /// <summary>The clock became healthy or unhealthy.</summary>
    public sealed record ClockChanged(bool IsHealthy, string Message) : ShardNotice;
}
