namespace Transactions.Participant;

/// <summary>Where a transaction stands at a shard that knows it.</summary>
internal enum TransactionStatus
{
    /// <summary>Takes operations; may be wounded, and dropped by the shard alone.</summary>
    Active = 1,

    /// <summary>Has its prepare timestamp; the vote is being persisted, and not given yet.</summary>
    Preparing = 2,

    /// <summary>A writer that voted YES: waits for the outcome, for ever if need be.</summary>
    Prepared = 3,

    /// <summary>A reader that voted YES: waits for the outcome until its vote's end (X12).</summary>
    PreparedReader = 4,

    /// <summary>Decided by this shard alone; its outcome row and versions are being persisted (X11).</summary>
    CommittingOnePhase = 5,

    /// <summary>Its outcome row says committed; it is shown when its timestamp has passed (X9, X11).</summary>
    AwaitingCommitWait = 6,

    /// <summary>Committed: its versions are in the overlay until PostgreSQL has them (X10).</summary>
    Applying = 7,

    /// <summary>Aborted after its vote was persisted, or while it was: its intents are being deleted.</summary>
    Dropping = 8,

    /// <summary>Nothing of it is left here but the memory of its end (X5).</summary>
    Ended = 9,
}
