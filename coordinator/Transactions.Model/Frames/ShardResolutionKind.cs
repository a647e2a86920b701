namespace Transactions.Model;

/// <summary>What the only shard of a transaction may know of its end (D4). Sent: numbers never change.</summary>
public enum ShardResolutionKind
{
    /// <summary>Not said.</summary>
    Unspecified = 0,

    /// <summary>It committed: this answers.</summary>
    Committed = 1,

    /// <summary>It is ended there without a commit; the log has the last word.</summary>
    NotCommitted = 2,

    /// <summary>It voted: the log has the last word.</summary>
    Voted = 3,

    /// <summary>Its date is at or below the shard's low-water mark (D5): nothing can be said.</summary>
    Expired = 4,
}
