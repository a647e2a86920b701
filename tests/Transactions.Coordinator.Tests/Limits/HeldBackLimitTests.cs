using NodaTime;
using Transactions.Clocks;
using Transactions.Model;

namespace Transactions.Coordinator.Tests.Limits;

/// <summary>While the clock keeps a commit back (X9), who asks for it again and again mustn't pile up.</summary>
[Trait("Rule", "X9")]
[Trait("Rule", "T3")]
public sealed class HeldBackLimitTests
{
    private static readonly CommitShard[] Both =
        [MachineHarness.Wrote(MachineHarness.Orders), MachineHarness.Wrote(MachineHarness.Payments)];

    [Fact]
    public void GetOutcome_CommittedAndTheClockUnhealthy_SaysSoAtOnce()
    {
        MachineHarness harness = new();
        TransactionContext context = harness.NewTransaction();
        harness.IsHealthy = false;
        CoordinatorEffect.Read read = Assert.Single(
            harness.Handle(new CoordinatorEvent.GetOutcome(harness.NextCall(), context.Id, null)).OfType<CoordinatorEffect.Read>());

        Refusal refusal = harness.RefusalOf(new CoordinatorEvent.DecisionRead(read.Request, Committed(harness, context)));

        Assert.Equal(
            (RefusalStatus.Unavailable, RefusalReason.ClockUnhealthy, true), (refusal.Status, refusal.Reason, refusal.MayRetry));
        Assert.Equal(0, harness.Machine.OpenCalls);
    }

    [Fact]
    [Trait("Rule", "D4")]
    public void Resolve_AskedAgainWhileTheClockIsUnhealthy_AsksTheLogOnceAndIsToldOnce()
    {
        MachineHarness harness = new();
        TransactionContext context = harness.NewTransaction() with { Coordinator = new("b", new Incarnation(1)) };
        CoordinatorEffect.Read read = Assert.Single(Resolve(harness, context).OfType<CoordinatorEffect.Read>());
        harness.IsHealthy = false;
        harness.Handle(new CoordinatorEvent.DecisionRead(read.Request, Committed(harness, context)));
        for (int i = 0; i < 100; i++)
        {
            Assert.Empty(Resolve(harness, context).OfType<CoordinatorEffect.Read>());
            harness.Handle(new CoordinatorEvent.CallCancelled(new CallId(i + 1)));
        }

        harness.IsHealthy = true;
        IReadOnlyList<CoordinatorEffect> told = harness.Handle(new CoordinatorEvent.TimePassed());

        var answer = Assert.IsType<CoordinatorAnswer.Ended>(Assert.Single(told.OfType<CoordinatorEffect.Answer>()).Reply);
        Assert.True(answer.Outcome.IsCommitted);
    }

    private static IReadOnlyList<CoordinatorEffect> Resolve(MachineHarness harness, TransactionContext context) =>
        harness.Handle(new CoordinatorEvent.Resolve(harness.NextCall(), context, [.. Both], null));

    private static DecisionLookup Committed(MachineHarness harness, TransactionContext context) => new(
        new Decision(context.Id, Outcome.Committed(harness.Now.Minus(Duration.FromSeconds(1))), [MachineHarness.Orders]),
        null,
        Timestamp.Zero);
}
