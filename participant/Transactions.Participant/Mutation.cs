namespace Transactions.Participant;

/// <summary>Rules of the protocol that the simulation breaks on purpose, to see that it notices. None outside of it.</summary>
internal enum Mutation
{
    /// <summary>The protocol as it is.</summary>
    None = 0,

    /// <summary>S2: a served read timestamp isn't observed, so that a later prepare may fall below it.</summary>
    ForgetServedReads = 1,

    /// <summary>S2: a snapshot read doesn't wait for prepared transactions.</summary>
    ReadPastPrepared = 2,

    /// <summary>X10: locks are freed without observing the commit timestamp.</summary>
    FreeLocksUnobserved = 3,

    /// <summary>X4: a scan takes no range lock.</summary>
    NoRangeLocks = 4,

    /// <summary>X2: a repeated operation is done again.</summary>
    RunRepeatsAgain = 5,

    /// <summary>X6: a vote doesn't compare the count of operations.</summary>
    IgnoreOperationCount = 6,

    /// <summary>X7: a vote is given before it is persisted.</summary>
    VoteBeforePersisted = 7,

    /// <summary>X5: ended transactions aren't remembered.</summary>
    ForgetEnded = 8,

    /// <summary>X11: a one-phase commit is shown before its timestamp has passed.</summary>
    ShowOnePhaseAtOnce = 9,

    /// <summary>T2: a decided timestamp that this clock doesn't accept is refused: the transaction is dropped.</summary>
    RefuseDecidedTimestamp = 10,

    /// <summary>X1: the dates of ids don't matter.</summary>
    AcceptAnyDate = 11,

    /// <summary>X2: an operation that is refused counts all the same.</summary>
    CountRefusedOperations = 12,

    /// <summary>X4: nobody is wounded: an older transaction waits behind a younger one.</summary>
    NoWound = 13,

    /// <summary>X4: locked operations go on past the lease.</summary>
    ServePastLease = 14,

    /// <summary>X5: a refusal past the deadline isn't remembered as an abort.</summary>
    ForgetLateRefusals = 15,

    /// <summary>X5: an id is forgotten as soon as its deadline may have passed.</summary>
    ForgetEndedEarly = 16,

    /// <summary>X7: a repeated Prepare is answered with a later vote.</summary>
    VoteAnew = 17,

    /// <summary>X10: a commit is applied though this shard never voted for it.</summary>
    ApplyUnvoted = 18,

    /// <summary>X10: a read looks into the overlay when its statement's answer is there.</summary>
    CaptureOverlayLate = 19,

    /// <summary>X10: a reader's locks are freed when it votes.</summary>
    FreeReadersAtVote = 20,

    /// <summary>X11: an owner refuses a one-phase commit that names a later generation.</summary>
    AnswerForLaterOwner = 21,

    /// <summary>X12: a reader without word lets go when its vote may have ended, and doesn't observe that end.</summary>
    FreeReadersEarly = 22,

    /// <summary>S2: a read is checked against the history horizon that the read before it saw.</summary>
    CheckHorizonEarlier = 23,

    /// <summary>S4: what is visible goes past prepared transactions.</summary>
    ShowPrepared = 24,

    /// <summary>S4: what is visible goes past versions that PostgreSQL lacks.</summary>
    ShowUnacknowledged = 25,

    /// <summary>S4: the owner doesn't observe what it publishes.</summary>
    PublishUnobserved = 26,

    /// <summary>L3: the lease is taken over when it may have ended.</summary>
    TakeOverEarly = 27,

    /// <summary>L3: the shard is served before what is prepared is loaded.</summary>
    ServeUnloaded = 28,

    /// <summary>L4: a renewed lease is used before it is acknowledged.</summary>
    UseLeaseAtOnce = 29,

    /// <summary>L5: reads are served while the lease is handed back.</summary>
    ServeWhileStopping = 30,

    /// <summary>L5: the lease is handed back while a renewal is under way.</summary>
    HandBackBesideRenewal = 31,

    /// <summary>L5: the lease is lowered below timestamps given and observed.</summary>
    HandBackBelowServed = 32,

    /// <summary>L5: the lease is lowered below the ends of votes.</summary>
    HandBackBelowVotes = 33,

    /// <summary>D4: a transaction that isn't committed yet is said to be none, and nothing hinders it.</summary>
    ResolveWithoutTombstone = 34,

    /// <summary>D4: an id below the mark is answered as not committed.</summary>
    ResolveExpiredAsAbort = 35,
}
