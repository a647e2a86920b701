using Transactions.Clocks;
using Transactions.Coordinator;
using Transactions.Model;
using Transactions.Participant;

namespace Transactions.Simulation;

/// <summary>Sees everything at once and checks the invariants of the protocol's section 8 at every step.</summary>
/// <remarks>It only watches: no process of the world ever learns anything from it.</remarks>
internal sealed partial class Observer(World world)
{
    private readonly Dictionary<TransactionId, TransactionFacts> _transactions = [];
    private readonly SortedDictionary<ShardId, ShardHistory> _histories = [];
    private readonly Dictionary<(ShardGeneration Owner, TransactionId Id, OperationNumber Number), ShardAnswer> _admitted = [];
    private readonly Dictionary<IdempotencyKey, (TransactionId Id, Outcome Outcome)> _byKey = [];
    private SimCluster? _cluster;

    /// <summary>The greatest commit timestamp that any client was told.</summary>
    public Timestamp GreatestTold { get; private set; }

    /// <summary>Where all accounts are there: reads of the past don't go below it.</summary>
    public Timestamp Opened { get; private set; }

    public int Begins { get; private set; }

    /// <summary>Whether clients may begin more transactions.</summary>
    public bool MayBegin => Opened == default
        || (!IsClosed && (Begins < world.Scenario.MostTransactions || !HasFaultsEnough));

    /// <summary>Whether the run has had what it should at least.</summary>
    public bool HasEnough => Begins >= world.Scenario.LeastTransactions && HasFaultsEnough;

    private bool HasFaultsEnough => world.Scenario.IsCalm || world.Counters.Faults >= world.Scenario.LeastFaults;


    /// <summary>Clients finish what they have begun.</summary>
    public bool IsClosed { get; set; }

    private SimCluster Cluster => _cluster!;

    private Counters Counters => world.Counters;

    private Timestamp Now => world.TrueTime;

    public void Watch(SimCluster cluster)
    {
        _cluster = cluster;
        foreach (ShardId shard in cluster.ShardIds)
        {
            _histories.Add(shard, new ShardHistory(shard));
        }
    }

    public void Open() => Opened = Timestamp.Max(GreatestTold, Now);

    /// <summary>When a transaction committed, if it did, as whoever sees everything knows.</summary>
    public Timestamp? CommitTimestampOf(TransactionId id) =>
        _transactions.TryGetValue(id, out TransactionFacts? facts) && facts.Outcome is { IsCommitted: true } outcome
            ? outcome.CommitTimestamp
            : null;

    public TransactionFacts Begun(TransactionContext context)
    {
        Begins++;
        TransactionFacts facts = new(context, GreatestTold);
        _transactions.Add(context.Id, facts);
        return facts;
    }

    /// <summary>A conversation is over.</summary>
    public void ClientTold(TransactionFacts facts, CommitStep step)
    {
        switch (step)
        {
            case CommitStep.Ended { Result: var result }:
                ToldOutcome(facts, result);
                break;
            case CommitStep.NotTakenUp when !facts.WasCommitDoubled:
                ToldAborted(facts.Id, AbortReason.Unspecified, "the conversation (not taken up)");
                break;
            default:
                break;
        }
    }

    private void ToldOutcome(TransactionFacts facts, CommitResult result)
    {
        bool isOwn = result.Id == facts.Id;
        if (!isOwn && (facts.Key is null || _transactions.GetValueOrDefault(result.Id)?.Key != facts.Key))
        {
            world.Fail("D6", $"{Describe.Id(facts.Id)} was told the outcome of {Describe.Id(result.Id)}, which has another key");
            return;
        }

        if (!result.Outcome.IsCommitted)
        {
            ToldAborted(facts.Id, result.Outcome.Reason, "the conversation");
            return;
        }

        if (!isOwn)
        {
            // D6: it gets the outcome of the first one under its key, and is itself aborted.
            Counters.Add(Path.KeyReplays);
            ToldAborted(facts.Id, AbortReason.IdempotencyKeyTaken, "the conversation (key taken)");
        }

        if (facts.Key is { } && (result.Result is not { } stored || !stored.Span.SequenceEqual(result.Id.ToBytes())))
        {
            world.Fail("D6", $"{Describe.Id(facts.Id)} was told that {Describe.Id(result.Id)} committed, without the result stored with it");
        }

        ToldCommitted(result.Id, result.Outcome.CommitTimestamp, "the conversation");
        GreatestTold = Timestamp.Max(GreatestTold, result.Outcome.CommitTimestamp);
    }

    /// <summary>A strong read chose its timestamp (S1).</summary>
    public void StrongRead(Timestamp at, Timestamp toldBefore)
    {
        Counters.Add(Path.StrongReads);
        if (at < toldBefore)
        {
            world.Fail("4: real-time order", $"a strong read is at {at}, and a commit at {toldBefore} had been told before");
        }
    }

    public void CheckTotal(long total, string by)
    {
        Counters.Add(Path.TotalsChecked);
        long expected = Account.Opening * world.Scenario.AccountsPerShard * world.Scenario.Shards;
        if (total != expected && Opened != default)
        {
            world.Fail("4: the bank's total", $"{by} found {total} and not {expected}");
        }
    }

    public void CoordinatorHandles(SimCoordinator coordinator, CoordinatorEvent e, ClockReading clock)
    {
        switch (e)
        {
            case CoordinatorEvent.FrameReceived { Frame: ShardFrame.Enlist enlist } when enlist.Context.Coordinator == coordinator.Id:
                if (_transactions.TryGetValue(enlist.Id, out TransactionFacts? enlisted))
                {
                    if (!enlisted.IsSealed)
                    {
                        // Without room, or a clock to go by, it isn't held, as if it had been lost.
                        if (clock.IsHealthy && coordinator.HasRoom)
                        {
                            enlisted.Enlisted.Add(enlist.Owner);
                        }
                    }
                    else if (!enlisted.Names(enlist.Owner))
                    {
                        Counters.Add(Path.LateEnlists);
                    }
                }

                break;
            case CoordinatorEvent.FrameReceived { Frame: ShardFrame.Voted { Vote: { IsYes: true } vote } } when vote.PrepareTimestamp > clock.Now:
                Counters.Add(Path.TimestampsAhead);
                break;
            case CoordinatorEvent.GetTimestamp:
                Counters.Add(Path.FloorsChosen);
                break;
            case CoordinatorEvent.FrameReceived { Frame: ShardFrame.InDoubt }:
                Counters.Add(Path.InDoubt);
                break;
            case CoordinatorEvent.Commit commit when commit.Context.Coordinator == coordinator.Id:
                if (_transactions.TryGetValue(commit.Context.Id, out TransactionFacts? sealedNow) && !sealedNow.IsSealed)
                {
                    Counters.Add(Path.FloorsChosen);
                    sealedNow.IsSealed = true;
                    sealedNow.HasUnnamed = sealedNow.Enlisted.Exists(owner => !sealedNow.Names(owner));
                }

                break;
            case CoordinatorEvent.Recorded { Result: RecordResult.Ambiguous }:
                Counters.Add(Path.AmbiguousRecords);
                break;
            case CoordinatorEvent.Recorded { Result: RecordResult.Committed committed }:
                Counters.Add(Path.RegistersLost, committed.Contents.Count(c => c is RegisterContent.ByKey or RegisterContent.BelowMark));
                break;
            case CoordinatorEvent.UnappliedFound { Decisions: { Length: > 0 } found }:
                Counters.Add(Path.RecoveredOutcomes, found.Length);
                break;
            default:
                break;
        }
    }

    public void CoordinatorAnswers(SimCoordinator coordinator, CoordinatorAnswer answer)
    {
        switch (answer)
        {
            case CoordinatorAnswer.Ended { Outcome: { IsCommitted: true } outcome } ended:
                EndedBy(coordinator, ended.Id);
                ToldCommitted(ended.Id, outcome.CommitTimestamp, $"{coordinator.Name}'s answer");
                break;
            case CoordinatorAnswer.Ended ended:
                EndedBy(coordinator, ended.Id);
                CheckAnswersHolder(coordinator.Name, ended.Id, ended.Outcome.Reason);
                ToldAborted(ended.Id, ended.Outcome.Reason, $"{coordinator.Name}'s answer");
                break;
            case CoordinatorAnswer.HeartbeatSeen seen:
                foreach ((TransactionId id, AbortReason reason) in seen.Lost)
                {
                    ToldAborted(id, reason, $"{coordinator.Name}'s heartbeat");
                }

                break;
            case CoordinatorAnswer.TimestampGiven given when given.Timestamp < Now:
                world.Fail("S1", $"{coordinator.Name} gave {given.Timestamp} to read at, before true time {Now}");
                break;
            case CoordinatorAnswer.Refused { Refusal.Reason: RefusalReason.OtherIncarnation or RefusalReason.IdOutOfRange }:
                Counters.Add(Path.OtherIncarnations);
                break;
            case CoordinatorAnswer.Refused { Refusal.Reason: RefusalReason.ClockUnhealthy }:
                Counters.Add(Path.RefusedByUnhealthyClocks);
                break;
            case CoordinatorAnswer.Refused { Refusal.Reason: RefusalReason.Expired }:
                Counters.Add(Path.Expired);
                break;
            case CoordinatorAnswer.Refused { Refusal.Status: RefusalStatus.ResourceExhausted }:
                Counters.Add(Path.LimitsReached);
                break;
            default:
                break;
        }
    }

    public void CoordinatorSends(SimCoordinator coordinator, SimParticipant to, ShardId shard, CoordinatorFrame frame)
    {
        switch (frame)
        {
            case CoordinatorFrame.Ended { Outcome: { IsCommitted: true } outcome } ended:
                ToldCommitted(ended.Id, outcome.CommitTimestamp, $"{coordinator.Name}'s frame to {shard}");
                break;
            case CoordinatorFrame.Ended { Outcome.Reason: AbortReason.Expired } ended:
                // D5: a commit's row outlives its last Applied, so that whoever is still prepared may be told so, and did abort.
                if (CommitTimestampOf(ended.Id) is { } committed && Cluster.Databases[shard].State.Prepared.ContainsKey(ended.Id))
                {
                    world.Fail("D5", $"{coordinator.Name} tells {shard}, still prepared, that {Describe.Id(ended.Id)} expired; it committed at {committed}");
                }

                break;
            case CoordinatorFrame.Ended ended:
                if (ended.Outcome.Reason is AbortReason.DeadlinePassed)
                {
                    EndedBy(coordinator, ended.Id);
                }

                // X3: whoever isn't named is answered ABORT, whatever the outcome.
                if (_transactions.TryGetValue(ended.Id, out TransactionFacts? facts)
                    && (facts.Named is null || (to.Find(shard)?.Owned is { } owned && facts.Names(owned))))
                {
                    ToldAborted(ended.Id, ended.Outcome.Reason, $"{coordinator.Name}'s frame to {shard}");
                }

                break;
            case CoordinatorFrame.Prepare or CoordinatorFrame.CommitOnePhase:
                CheckIsNoZombie(coordinator, frame.Id);
                break;
            case CoordinatorFrame.Pending:
                Counters.Add(Path.PendingAnswers);
                break;
            default:
                break;
        }
    }

    public void CoordinatorSays(SimCoordinator coordinator, CoordinatorNotice notice)
    {
        if (notice is not CoordinatorNotice.Decided decided || !_transactions.TryGetValue(decided.Id, out TransactionFacts? facts))
        {
            return;
        }

        if (decided.Outcome.IsCommitted)
        {
            Counters.Add(facts switch
            {
                { Named: null or [] } => Path.Empty,
                { IsOnePhase: true } => Path.OnePhase,
                { HasWritten: false } => Path.ReadOnly,
                _ => Path.TwoPhase,
            });
        }
        else
        {
            CountAbort(decided.Outcome.Reason);
            CheckCalm(facts, decided.Outcome.Reason, coordinator.Name);
        }
    }

    private void CountAbort(AbortReason reason)
    {
        Path? path = reason switch
        {
            AbortReason.HeartbeatMissed => Path.HeartbeatsMissed,
            AbortReason.DeadlinePassed => Path.DeadlinesPassed,
            AbortReason.VoteTimeout => Path.VoteTimeouts,
            AbortReason.LeaseTooShort => Path.LeasesTooShort,
            AbortReason.ClockUnhealthy => Path.ClocksUnhealthy,
            AbortReason.CountMismatch => Path.CountMismatches,
            AbortReason.SetMismatch => Path.SetMismatches,
            _ => null,
        };
        if (path is { } known)
        {
            Counters.Add(known);
        }
    }

    // Where nothing goes wrong, nothing is given up for want of an answer, of a lock, or of time.
    private void CheckCalm(TransactionFacts facts, AbortReason reason, string by)
    {
        if (!world.Scenario.IsCalm)
        {
            return;
        }

        bool isExpected = reason switch
        {
            AbortReason.Wounded or AbortReason.ClientAborted or AbortReason.IdempotencyKeyTaken => true,
            AbortReason.CountMismatch or AbortReason.SetMismatch or AbortReason.UnknownTransaction => facts.IsCareless,
            _ => false,
        };
        if (!isExpected)
        {
            world.Fail("8: liveness in a calm", $"{by} ended {Describe.Id(facts.Id)} for {reason}, and nothing had gone wrong");
        }
    }
}
