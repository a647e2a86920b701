namespace Transactions.Model;

/// <summary>Why something was refused, for programs. Sent as the name: names never change.</summary>
public enum RefusalReason
{
    /// <summary>Not said.</summary>
    Unspecified = 0,

    /// <summary>A field is missing, malformed, or outside its limits.</summary>
    InvalidField = 1,

    /// <summary>The context isn't signed by a key of this cluster.</summary>
    BadSignature = 2,

    /// <summary>The context names another incarnation of this coordinator: its transactions can't go on.</summary>
    OtherIncarnation = 3,

    /// <summary>The context names another coordinator: ask that one.</summary>
    OtherCoordinator = 4,

    /// <summary>The id is dated too far ahead of, or behind, the present.</summary>
    IdOutOfRange = 5,

    /// <summary>The transaction's deadline has passed.</summary>
    DeadlinePassed = 6,

    /// <summary>The transaction has ended; the abort reason says how.</summary>
    TransactionEnded = 7,

    // 8 was a reason that no version ever gave; it isn't used again.

    /// <summary>The transaction is being committed: it takes no more operations.</summary>
    TransactionSealed = 9,

    /// <summary>The transaction's record is older than the retention.</summary>
    Expired = 10,

    /// <summary>A limit on sizes, counts or queues is reached.</summary>
    LimitReached = 11,

    /// <summary>This process doesn't own the shard.</summary>
    NotOwner = 12,

    /// <summary>The clock is unhealthy.</summary>
    ClockUnhealthy = 13,

    /// <summary>PostgreSQL can't be reached, or failed.</summary>
    StorageUnavailable = 14,

    /// <summary>The timestamp lies too far ahead.</summary>
    TimestampInFuture = 15,

    /// <summary>The timestamp lies below the history that is kept.</summary>
    BelowHorizon = 16,

    /// <summary>No coordinator, or no shard, that is needed answers.</summary>
    PeerUnavailable = 17,

    /// <summary>The transaction was doomed by an earlier failure of one of its calls.</summary>
    Doomed = 18,

    /// <summary>The process is shutting down.</summary>
    ShuttingDown = 19,

    /// <summary>Nothing was written and no key was given: run it again.</summary>
    NothingWritten = 20,

    /// <summary>The outcome isn't known yet: ask again, or Resolve.</summary>
    OutcomePending = 21,

    /// <summary>The two sides belong to different clusters, modes or protocol versions.</summary>
    ClusterMismatch = 22,

    /// <summary>The transaction belongs to another client.</summary>
    OtherClient = 23,
}
