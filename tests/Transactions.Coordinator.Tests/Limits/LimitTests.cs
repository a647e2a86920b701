using NodaTime;
using Transactions.Clocks;
using Transactions.Model;

namespace Transactions.Coordinator.Tests.Limits;

[Trait("Rule", "E7")]
public sealed class LimitTests
{
    private static readonly CommitShard[] Both =
        [MachineHarness.Wrote(MachineHarness.Orders), MachineHarness.Wrote(MachineHarness.Payments)];

    [Fact]
    public void Commit_MaxShards_IsTakenAndOneMoreRefused()
    {
        MachineHarness harness = new(new() { MaxShards = 3 });
        CommitShard[] shards = [.. Enumerable.Range(0, 4)
            .Select(i => MachineHarness.Wrote(new(ShardId.Parse($"s/{i}"), new(1))))];

        AssertLimit("shards", mayRetry: false, harness.RefusalOfCommit(harness.NewTransaction(), shards));
        harness.Commit(harness.NewTransaction(), shards[..3]);

        Assert.Equal(1, harness.Machine.OpenTransactions);
    }

    [Fact]
    public void Commit_MaxResultBytes_IsTakenAndOneMoreRefused()
    {
        MachineHarness harness = new(new() { MaxResultBytes = 5 });
        IdempotencyKey key = new("alice", "k");

        AssertLimit("result", mayRetry: false, harness.RefusalOfCommit(harness.NewTransaction(), [], key, new byte[6]));
        IReadOnlyList<CoordinatorEffect> effects = harness.Commit(harness.NewTransaction(), [], key, new byte[5]);

        Assert.Equal(5, Assert.Single(effects.OfType<CoordinatorEffect.Record>()).Decisions[0].Result!.Value.Length);
    }

    [Fact]
    public void Commit_MaxOpenTransactions_OneMoreIsRefusedUntilOneEnds()
    {
        MachineHarness harness = new(new() { MaxOpenTransactions = 2 });
        harness.Commit(harness.NewTransaction(), Both);
        TransactionContext second = harness.NewTransaction();
        harness.Commit(second, Both);

        AssertLimit("transactions", mayRetry: true, harness.RefusalOfCommit(harness.NewTransaction(), Both));
        AssertLimit("transactions", mayRetry: true, harness.RefusalOf(
            new CoordinatorEvent.Begin(harness.NextCall(), "alice", [.. new byte[10]], null, null)));
        harness.Handle(new CoordinatorEvent.FrameReceived(
            new LinkId(1), new ShardFrame.Voted(second.Id, MachineHarness.Orders, Vote.No(AbortReason.Wounded))));
        harness.Commit(harness.NewTransaction(), Both);

        Assert.Equal(2, harness.Machine.OpenTransactions);
    }

    [Fact]
    public void Enlist_MaxOpenTransactions_OneMoreIsNotHeld()
    {
        MachineHarness harness = new(new() { MaxOpenTransactions = 1 });
        TransactionContext first = harness.NewTransaction();
        TransactionContext second = harness.NewTransaction();

        harness.Handle(new CoordinatorEvent.FrameReceived(new(1), new ShardFrame.Enlist(first.Id, MachineHarness.Orders, first)));
        IReadOnlyList<CoordinatorEffect> effects = harness.Handle(new CoordinatorEvent.FrameReceived(
            new(1), new ShardFrame.Enlist(second.Id, MachineHarness.Orders, second)));

        Assert.Empty(effects);
        Assert.Equal(1, harness.Machine.OpenTransactions);
    }

    [Fact]
    [Trait("Rule", "X1")]
    [Trait("Rule", "X4")]
    public void Begin_PriorityOfARunThatMayStillGoOn_IsKeptButAnOlderOneIsRefused()
    {
        MachineHarness harness = new();
        Timestamp oldest = harness.Now.Minus(ProtocolLimits.LongestRun);

        var begun = Assert.IsType<CoordinatorAnswer.Begun>(
            Assert.Single(harness.Handle(Begin(harness, oldest)).OfType<CoordinatorEffect.Answer>()).Reply);
        Refusal refusal = harness.RefusalOf(Begin(harness, new Timestamp(oldest.Value - 1)));

        // Whoever could claim any age would wound everybody.
        Assert.Equal(oldest, begun.Context.Priority);
        Assert.Equal((RefusalStatus.InvalidArgument, "priority"), (refusal.Status, refusal.Field));
        Assert.Equal(1, harness.Machine.OpenTransactions);
    }

    [Fact]
    [Trait("Rule", "X5")]
    public void Commit_MaxRemembered_OneMoreIsRefusedUntilOneIsForgotten()
    {
        MachineHarness harness = new(new() { MaxRememberedTransactions = 1 });
        harness.Handle(new CoordinatorEvent.Abort(harness.NextCall(), harness.NewTransaction(Duration.FromSeconds(1))));

        AssertLimit("transactions", mayRetry: true, harness.RefusalOfCommit(harness.NewTransaction(), Both));
        AssertLimit("transactions", mayRetry: true, harness.RefusalOf(
            new CoordinatorEvent.Abort(harness.NextCall(), harness.NewTransaction())));
        harness.Now = harness.Now.Plus(Duration.FromSeconds(2));
        harness.Handle(new CoordinatorEvent.TimePassed());
        harness.Commit(harness.NewTransaction(), Both);

        Assert.Equal((1, 0), (harness.Machine.OpenTransactions, harness.Machine.RememberedTransactions));
    }

    [Fact]
    [Trait("Rule", "X5")]
    public void Resolve_DeadlineBeyondTheLongestLifetime_IsForgottenAfterThat()
    {
        MachineHarness harness = new();
        Duration lifetime = ProtocolLimits.Default.MaxLifetime;
        TransactionContext context = harness.NewTransaction(lifetime + Duration.FromDays(1000));
        harness.Handle(new CoordinatorEvent.Resolve(harness.NextCall(), context, [.. Both], null));
        Assert.Equal(1, harness.Machine.RememberedTransactions);

        harness.Now = context.Id.IssuedAt.Plus(lifetime);
        harness.Handle(new CoordinatorEvent.TimePassed());
        Assert.Equal(1, harness.Machine.RememberedTransactions);

        harness.Now = harness.Now.Plus(ProtocolLimits.Default.MaxOffset + Duration.FromSeconds(1));
        harness.Handle(new CoordinatorEvent.TimePassed());
        Assert.Equal(0, harness.Machine.RememberedTransactions);
    }

    [Fact]
    [Trait("Rule", "D1")]
    public void Commit_MaxQueuedDecisions_IsRefusedBeforeAnythingChanges()
    {
        MachineHarness harness = new(new() { MaxQueuedDecisions = 2 });
        harness.Connect(MachineHarness.Orders);
        TransactionContext first = harness.NewTransaction();
        harness.Commit(first, Both);
        harness.Commit(harness.NewTransaction(), [], new IdempotencyKey("alice", "k"));

        // A place is kept for a transaction that votes, not only for those in the queue.
        TransactionContext third = harness.NewTransaction();
        AssertLimit("decisions", mayRetry: true, harness.RefusalOfCommit(third, Both));
        AssertLimit("decisions", mayRetry: true, harness.RefusalOf(
            new CoordinatorEvent.Resolve(harness.NextCall(), third, [.. Both], null)));

        // What needs no decision here isn't held up: one-phase, and what wrote nothing.
        harness.Commit(harness.NewTransaction(), [MachineHarness.Wrote(MachineHarness.Orders)]);
        harness.Commit(harness.NewTransaction(), [MachineHarness.Read(MachineHarness.Orders)]);
        Assert.Equal(4, harness.Machine.OpenTransactions);

        // An abort gives its place back.
        harness.Handle(new CoordinatorEvent.FrameReceived(
            new LinkId(1), new ShardFrame.Voted(first.Id, MachineHarness.Orders, Vote.No(AbortReason.Wounded))));
        harness.Commit(third, Both);
        Assert.Equal(4, harness.Machine.OpenTransactions);
    }

    [Fact]
    [Trait("Rule", "D5")]
    public void Applied_FindsNoRoom_IsAskedForAgain()
    {
        MachineHarness harness = new(new() { MaxQueuedDecisions = 1 });
        harness.Connect(MachineHarness.Orders);
        harness.Connect(MachineHarness.Payments);
        TransactionContext context = harness.NewTransaction();
        harness.Commit(context, Both);
        Timestamp validUntil = harness.Now.Plus(Duration.FromSeconds(10));
        Vote(MachineHarness.Orders);
        IReadOnlyList<CoordinatorEffect> decided = Vote(MachineHarness.Payments);
        Decision decision = Assert.Single(decided.OfType<CoordinatorEffect.Record>()).Decisions[0];
        harness.Now = harness.Now.Plus(Duration.FromMilliseconds(10));
        harness.Handle(new CoordinatorEvent.Recorded(1, new RecordResult.Committed([new RegisterContent.ById(decision)])));

        // Both say it, and there is room for one.
        harness.Handle(new CoordinatorEvent.FrameReceived(new LinkId(1), new ShardFrame.Applied(context.Id, MachineHarness.Orders)));
        harness.Handle(new CoordinatorEvent.FrameReceived(new LinkId(1), new ShardFrame.Applied(context.Id, MachineHarness.Payments)));
        harness.Handle(new CoordinatorEvent.MarkedApplied(1, Succeeded: true));
        harness.Now = harness.Now.Plus(Duration.FromSeconds(2));
        IReadOnlyList<CoordinatorEffect> repeated = harness.Handle(new CoordinatorEvent.TimePassed());

        CoordinatorEffect.Send send = Assert.Single(repeated.OfType<CoordinatorEffect.Send>());
        Assert.Equal((MachineHarness.Payments.Shard, context.Id), (send.Shard, send.Frame.Id));
        harness.Handle(new CoordinatorEvent.FrameReceived(new LinkId(1), new ShardFrame.Applied(context.Id, MachineHarness.Payments)));
        harness.Handle(new CoordinatorEvent.MarkedApplied(2, Succeeded: true));
        Assert.Equal(0, harness.Machine.UndeliveredOutcomes);

        IReadOnlyList<CoordinatorEffect> Vote(ShardGeneration owner) => harness.Handle(new CoordinatorEvent.FrameReceived(
            new LinkId(1), new ShardFrame.Voted(context.Id, owner, Model.Vote.Yes(harness.Now, validUntil))));
    }

    [Fact]
    [Trait("Rule", "D1")]
    public void Record_MaxBatch_LeavesTheRestForTheNext()
    {
        MachineHarness harness = new(new() { MaxBatch = 2 });
        for (int i = 0; i < 3; i++)
        {
            harness.Machine.Handle(
                new CoordinatorEvent.Commit(harness.NextCall(), harness.NewTransaction(), [], new("alice", $"{i}"), null), harness.Reading);
        }

        CoordinatorEffect.Record first = Assert.Single(harness.Machine.TakeEffects().OfType<CoordinatorEffect.Record>());
        IReadOnlyList<CoordinatorEffect> next = harness.Handle(new CoordinatorEvent.Recorded(
            first.Batch, new RecordResult.Committed([.. first.Decisions.Select(d => new RegisterContent.ById(d))])));

        Assert.Equal(2, first.Decisions.Length);
        Assert.Single(Assert.Single(next.OfType<CoordinatorEffect.Record>()).Decisions);
    }

    [Fact]
    public void Commit_TooManyCallersOfOneTransaction_SaysOutcomePending()
    {
        MachineHarness harness = new();
        TransactionContext context = harness.NewTransaction();
        for (int i = 0; i < 64; i++)
        {
            harness.Commit(context, Both);
        }

        // Not RESOURCE_EXHAUSTED: that would say that the Commit was never taken up.
        Refusal refusal = harness.RefusalOfCommit(context, Both);
        harness.Handle(new CoordinatorEvent.CallCancelled(new CallId(1)));
        IReadOnlyList<CoordinatorEffect> effects = harness.Commit(context, Both);

        Assert.Equal((RefusalStatus.Unavailable, RefusalReason.OutcomePending), (refusal.Status, refusal.Reason));
        Assert.Empty(effects);
    }

    [Fact]
    public void Heartbeat_MoreIdsThanMayBeOpen_IsRefused()
    {
        MachineHarness harness = new(new() { MaxOpenTransactions = 2 });
        TransactionId[] ids = [.. Enumerable.Range(0, 3).Select(_ => harness.NewTransaction().Id)];

        AssertLimit("transactions", mayRetry: false, harness.RefusalOf(new CoordinatorEvent.Heartbeat(harness.NextCall(), "alice", [.. ids])));
    }

    [Fact]
    public void GetOutcome_MoreReadsThanMayBeQueued_IsRefused()
    {
        MachineHarness harness = new(new() { MaxQueuedDecisions = 1 });
        harness.Handle(new CoordinatorEvent.GetOutcome(harness.NextCall(), harness.NewTransaction().Id, null));

        AssertLimit("reads", mayRetry: true, harness.RefusalOf(
            new CoordinatorEvent.GetOutcome(harness.NextCall(), harness.NewTransaction().Id, null)));
    }

    [Fact]
    public void Limits_InRefusals_AreNamedWithTheirRemedy()
    {
        MachineHarness harness = new(new() { MaxShards = 1 });

        Assert.Contains("at most 1 (MaxShards)", harness.RefusalOfCommit(harness.NewTransaction(), Both).Message, StringComparison.Ordinal);
    }

    private static CoordinatorEvent.Begin Begin(MachineHarness harness, Timestamp priority)
    {
        CallId call = harness.NextCall();
        return new(call, "alice", [.. new byte[9], (byte)call.Value], Timeout: null, priority);
    }

    private static void AssertLimit(string field, bool mayRetry, Refusal refusal) => Assert.Equal(
        (RefusalStatus.ResourceExhausted, RefusalReason.LimitReached, field, mayRetry),
        (refusal.Status, refusal.Reason, refusal.Field, refusal.MayRetry));
}
