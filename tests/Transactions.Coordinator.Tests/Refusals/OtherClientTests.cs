using NodaTime;
using Transactions.Clocks;
using Transactions.Model;

namespace Transactions.Coordinator.Tests.Refusals;

/// <summary>Whoever asks for another client's transaction that has ended hears nothing of it, as far as anything here knows whose it is.</summary>
[Trait("Rule", "D4")]
[Trait("Rule", "7")]
public sealed class OtherClientTests
{
    private static readonly CommitShard[] Orders = [MachineHarness.Wrote(MachineHarness.Orders)];

    private static readonly CommitShard[] Both = [.. Orders, MachineHarness.Wrote(MachineHarness.Payments)];

    private readonly MachineHarness _harness = new();

    [Theory]
    [InlineData("commit")]
    [InlineData("resolve")]
    [InlineData("abort")]
    [InlineData("heartbeat")]
    public void Event_AnotherClientsEndedTransaction_IsDenied(string kind)
    {
        TransactionContext context = _harness.NewTransaction();
        Enlist(context);
        _harness.Handle(new CoordinatorEvent.Abort(_harness.NextCall(), context));
        TransactionContext forged = context with { Client = "bob" };

        Refusal refusal = _harness.RefusalOf(kind switch
        {
            "commit" => new CoordinatorEvent.Commit(_harness.NextCall(), forged, [.. Orders], null, null),
            "resolve" => new CoordinatorEvent.Resolve(_harness.NextCall(), forged, [.. Orders], null),
            "abort" => new CoordinatorEvent.Abort(_harness.NextCall(), forged),
            _ => new CoordinatorEvent.Heartbeat(_harness.NextCall(), "bob", [context.Id]),
        });

        Assert.Equal((RefusalStatus.PermissionDenied, RefusalReason.OtherClient), (refusal.Status, refusal.Reason));
        IReadOnlyList<CoordinatorEffect> own = _harness.Handle(
            new CoordinatorEvent.Resolve(_harness.NextCall(), context, [.. Orders], null));
        var answer = Assert.IsType<CoordinatorAnswer.Ended>(Assert.Single(own.OfType<CoordinatorEffect.Answer>()).Reply);
        Assert.Equal(Outcome.Aborted(AbortReason.ClientAborted), answer.Outcome);
    }

    [Fact]
    [Trait("Rule", "D6")]
    public void Resolve_RowUnderAnotherClientsKey_IsDenied()
    {
        TransactionContext context = _harness.NewTransaction() with { Coordinator = new("b", new Incarnation(1)) };
        CoordinatorEffect.Read read = Assert.Single(
            Resolve(context with { Client = "bob" }).OfType<CoordinatorEffect.Read>());
        Decision row = new(context.Id, Outcome.Committed(MachineHarness.Start), [MachineHarness.Orders])
        {
            Key = new("alice", "k"),
            Result = "hers"u8.ToArray(),
        };

        Refusal refusal = _harness.RefusalOf(new CoordinatorEvent.DecisionRead(read.Request, new(row, null, Timestamp.Zero)));

        Assert.Equal((RefusalStatus.PermissionDenied, RefusalReason.OtherClient), (refusal.Status, refusal.Reason));
    }

    [Fact]
    public void Resolve_WhileAnotherClientResolvesTheSame_AsksAgainAndThenHearsTheTruth()
    {
        TransactionContext context = _harness.NewTransaction() with { Coordinator = new("b", new Incarnation(1)) };
        CoordinatorEffect.Read read = Assert.Single(
            Resolve(context with { Client = "bob" }).OfType<CoordinatorEffect.Read>());

        // Not PERMISSION_DENIED: whose it is isn't known here, and its own client must not be told that it is none of its business.
        Refusal refusal = _harness.RefusalOf(
            new CoordinatorEvent.Resolve(_harness.NextCall(), context, [.. Both], null));
        Assert.Equal((RefusalStatus.Unavailable, RefusalReason.OutcomePending), (refusal.Status, refusal.Reason));

        Decision row = Decision.Abort(context.Id, AbortReason.Resolved);
        _harness.Handle(new CoordinatorEvent.DecisionRead(read.Request, new(row, null, Timestamp.Zero)));
        CoordinatorEffect.Read again = Assert.Single(Resolve(context).OfType<CoordinatorEffect.Read>());
        IReadOnlyList<CoordinatorEffect> told = _harness.Handle(
            new CoordinatorEvent.DecisionRead(again.Request, new(row, null, Timestamp.Zero)));
        Assert.IsType<CoordinatorAnswer.Ended>(Assert.Single(told.OfType<CoordinatorEffect.Answer>()).Reply);
    }

    [Fact]
    public void Commit_IdThatAnotherClientAskedAbout_IsNotTakenForTheirs()
    {
        // Bob's word for an id that was never held here doesn't make it his.
        TransactionContext context = _harness.NewTransaction();
        CoordinatorEffect.Read read = Assert.Single(
            Resolve(context with { Client = "bob" }).OfType<CoordinatorEffect.Read>());
        Decision row = Decision.Abort(context.Id, AbortReason.Resolved);
        _harness.Handle(new CoordinatorEvent.DecisionRead(read.Request, new(row, null, Timestamp.Zero)));

        IReadOnlyList<CoordinatorEffect> effects = _harness.Commit(context, Both);

        Assert.Single(effects.OfType<CoordinatorEffect.Read>());
        Assert.Empty(effects.OfType<CoordinatorEffect.Answer>());
    }

    [Fact]
    [Trait("Rule", "X5")]
    public void Commit_IdWhoseEnlistUnderAnotherClientWasRefused_IsNotTakenForTheirs()
    {
        // It was never held here either: a shard's word for whose it is doesn't keep its own client from the truth.
        TransactionContext context = _harness.NewTransaction(Duration.FromSeconds(1));
        _harness.Now = context.Deadline;
        Enlist(context with { Client = "bob" });

        IReadOnlyList<CoordinatorEffect> told = _harness.Commit(context, Both);

        var answer = Assert.IsType<CoordinatorAnswer.Ended>(Assert.Single(told.OfType<CoordinatorEffect.Answer>()).Reply);
        Assert.Equal(Outcome.Aborted(AbortReason.DeadlinePassed), answer.Outcome);
    }

    private IReadOnlyList<CoordinatorEffect> Resolve(TransactionContext context) =>
        _harness.Handle(new CoordinatorEvent.Resolve(_harness.NextCall(), context, [.. Both], null));

    private void Enlist(TransactionContext context) => _harness.Handle(new CoordinatorEvent.FrameReceived(
        new LinkId(1), new ShardFrame.Enlist(context.Id, MachineHarness.Orders, context)));
}
