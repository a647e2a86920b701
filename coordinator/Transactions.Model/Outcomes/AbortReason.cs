namespace Transactions.Model;

/// <summary>Why a transaction was aborted. Stored and sent: numbers never change.</summary>
public enum AbortReason
{
    /// <summary>Not said.</summary>
    Unspecified = 0,

    /// <summary>The client asked for it.</summary>
    ClientAborted = 1,

    /// <summary>An older transaction needed a lock that this one held (X4). A retry keeps its place.</summary>
    Wounded = 2,

    /// <summary>Its deadline passed before it was decided.</summary>
    DeadlinePassed = 3,

    /// <summary>The client's heartbeats stopped.</summary>
    HeartbeatMissed = 4,

    /// <summary>A shard changed its owner since the transaction used it.</summary>
    OwnerChanged = 5,

    /// <summary>The shards named at Commit aren't those that the transaction used (X6).</summary>
    SetMismatch = 6,

    /// <summary>A shard counted other operations than the client (X6).</summary>
    CountMismatch = 7,

    /// <summary>A vote didn't come in time.</summary>
    VoteTimeout = 8,

    /// <summary>A shard's lease would have ended before the commit timestamp (X7, X8).</summary>
    LeaseTooShort = 9,

    /// <summary>A clock was unhealthy, so no timestamp could be chosen (T3).</summary>
    ClockUnhealthy = 10,

    /// <summary>One operation number came with two contents (X2).</summary>
    OperationConflict = 11,

    /// <summary>PostgreSQL refused what the shard wanted to persist.</summary>
    StorageRefused = 12,

    /// <summary>The coordinator lost what it knew of it: another incarnation, or a lost decision (D2, D3).</summary>
    CoordinatorLost = 13,

    /// <summary>Another transaction holds the idempotency key (D6).</summary>
    IdempotencyKeyTaken = 14,

    /// <summary>Somebody asked how it ended before it was decided, which ends it (D3, D4).</summary>
    Resolved = 15,

    /// <summary>The shard doesn't know it: it never took part, or had ended there.</summary>
    UnknownTransaction = 16,

    /// <summary>Its record is older than the retention, so that nothing can be said of it any more (D5).</summary>
    Expired = 17,

    /// <summary>The shard is handing its lease back.</summary>
    ShuttingDown = 18,

    /// <summary>A queue was full.</summary>
    Overloaded = 19,
}
