namespace Transactions.Simulation;

/// <summary>Every kind of fault that a run injects.</summary>
internal enum Fault
{
    LostRequest,
    LostReply,
    DoubledCall,
    DoubledFrame,

    /// <summary>A message that takes far longer than others.</summary>
    LateMessage,

    /// <summary>A frame that arrives on a stream which its sender knows to be broken, perhaps after frames of the next stream.</summary>
    FrameAfterBreak,
    BrokenStream,

    /// <summary>Two groups hear nothing of each other.</summary>
    Partition,

    /// <summary>One group hears the other, and isn't heard.</summary>
    OneWayPartition,
    CoordinatorCrash,
    CoordinatorStop,
    ParticipantCrash,
    ParticipantStop,
    ClientCrash,

    /// <summary>A process crashes at a step of its storage.</summary>
    CrashAtStep,
    Pause,
    PausePastLease,

    /// <summary>A database answers nobody.</summary>
    Outage,

    /// <summary>Everybody who could own a shard is away until others may have forgotten what it has prepared.</summary>
    LongOutage,

    /// <summary>A database loses what it hasn't acknowledged, and comes back at once.</summary>
    DatabaseCrash,

    /// <summary>A standby takes over, which has all that was acknowledged; connections break.</summary>
    FailOver,

    /// <summary>Nothing that is written becomes visible for a while, then all of it.</summary>
    StalledDisk,

    /// <summary>A database does what it is told, and its answers are held for a while.</summary>
    HeldAnswers,
    SlowDisk,

    /// <summary>One statement takes far longer than others: past the retention.</summary>
    StuckStatement,
    RolledBackBatch,

    /// <summary>It is written, and the answer is lost.</summary>
    WrittenUnanswered,

    /// <summary>It isn't written, and the answer is lost.</summary>
    LostUnanswered,

    /// <summary>The answer is lost, and it is written later, if it may be.</summary>
    WrittenLate,

    /// <summary>What PostgreSQL refuses for a fault of its own.</summary>
    PoisonedBatch,
    FailedRead,
    UnhealthyClock,

    /// <summary>A clock is stepped within its bound.</summary>
    ClockStep,

    /// <summary>A clock stands still within its bound.</summary>
    ClockFreeze,

    /// <summary>A clock leaves its bound: only in runs that must notice it.</summary>
    ClockBeyondBound,
}
