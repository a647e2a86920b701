namespace Transactions.Coordinator;

// Deliberately broken variants of the protocol. Tests and the simulation switch one on and must notice; nothing else may.
internal enum Mutation
{
    // The protocol as it is.
    None = 0,

    // X9: answers and outcomes don't wait for the commit timestamp to pass.
    NoCommitWait,

    // X9, D1: a commit is told before its decision is durable.
    AnswerBeforeDurable,

    // X1: contexts of another incarnation are taken for this one's.
    IgnoreIncarnation,

    // X6: enlisted shards that Commit didn't name don't matter.
    SealAcceptsUnnamedShard,

    // D2: an insert whose answer was lost is taken to have failed.
    AmbiguousInsertIsAbort,

    // X8: the ends of the votes' leases don't matter.
    IgnoreValidUntil,

    // X8: votes don't move the commit timestamp above the floor.
    IgnorePrepareTimestamps,

    // X11: the vote timeout ends a one-phase commit that was sent.
    TimeoutEndsOnePhase,

    // X11: any owner's refusal counts, also an earlier generation's.
    AnyOwnerRefusesOnePhase,

    // X5: ended transactions are forgotten at once.
    ForgetEndedAtOnce,

    // X3: a late Enlist of a shard that Commit didn't name isn't answered.
    IgnoreLateEnlist,

    // D3: a transaction that isn't held is aborted without the log.
    InDoubtIsAbort,

    // X10: outcomes go to writers only.
    ForgetReaders,
}
