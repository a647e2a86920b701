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
}
