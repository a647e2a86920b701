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

    // X11: whoever owns the shard is asked, also an earlier generation.
    AskAnyOwnerForOnePhase,

    // X5: ended transactions are forgotten at once.
    ForgetEndedAtOnce,

    // X3: a late Enlist of a shard that Commit didn't name isn't answered.
    IgnoreLateEnlist,

    // D3: a transaction that isn't held is aborted without the log.
    InDoubtIsAbort,

    // X10: outcomes go to writers only.
    ForgetReaders,

    // T4: floors and read timestamps are taken from a reading that was there before the request.
    UseCachedReading,

    // X1: a Commit of another incarnation, or of an id that has ended here, is answered ABORTED.
    AbortStrangeCommits,

    // X1: a Commit of another coordinator's transaction is resolved, not redirected.
    ResolveMisdirected,

    // X1: the dates of ids don't matter.
    AcceptAnyDate,

    // X5: an Enlist refused past its deadline isn't remembered as aborted.
    ForgetRefusals,

    // X5: an id is forgotten as soon as its deadline may have passed.
    ForgetEndedEarly,

    // X12: where nothing was written nobody is asked for a vote.
    ReadersNeedNoVote,

    // S1: a read timestamp is what the clock says, not the latest that the present can be.
    ReadAtNow,

    // D1: the batches aren't sorted.
    UnsortedBatches,

    // D1: a batch that was rolled back is tried again as it was.
    RetryTogether,

    // D2: a select that finds no row is taken for an abort.
    SelectProvesAbort,

    // D4: what the register holds by key isn't answered.
    ResolveIgnoresKey,

    // D4: a set without a writer is resolved like any other.
    ResolveReaders,

    // D4, D5: an id below the mark is answered as aborted, not as expired.
    BelowMarkIsAbort,

    // D5: a shard that is still prepared below the mark gets no answer.
    BelowMarkStaysPrepared,
}
