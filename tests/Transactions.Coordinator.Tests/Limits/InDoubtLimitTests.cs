using NodaTime;
using Transactions.Clocks;
using Transactions.Model;

namespace Transactions.Coordinator.Tests.Limits;

/// <summary>While the log or the clock keeps the answer back, shards ask again and again: that mustn't pile up.</summary>
[Trait("Rule", "D3")]
public sealed class InDoubtLimitTests
{
    private static readonly CoordinatorId Gone = new("gone", new Incarnation(9));

    [Fact]
    public void InDoubt_AskedAgainDuringAnOutage_IsRecordedOnceAndToldOnceWhereItAskedLast()
    {
        MachineHarness harness = new();
        TransactionId id = harness.NewTransaction().Id;
        ShardGeneration successor = MachineHarness.Orders with { Generation = new(2) };
        CoordinatorEffect.Record first = Assert.Single(Ask(harness, id, MachineHarness.Orders, link: 1).OfType<CoordinatorEffect.Record>());
        Assert.Empty(Ask(harness, id, MachineHarness.Payments, link: 1));
        for (int i = 0; i < 1_000; i++)
        {
            Assert.Empty(Ask(harness, id, MachineHarness.Orders, link: 1));
            Assert.Empty(Ask(harness, id, successor, link: 2));
        }

        IReadOnlyList<CoordinatorEffect> told = harness.Handle(new CoordinatorEvent.Recorded(
            first.Batch, new RecordResult.Committed([new RegisterContent.ById(first.Decisions[0])])));

        CoordinatorFrame.Ended ended = new(id, first.Decisions[0].Outcome);
        Assert.Equal(
            [
                new CoordinatorEffect.Send(new(2), MachineHarness.Orders.Shard, ended),
                new CoordinatorEffect.Send(new(1), MachineHarness.Payments.Shard, ended),
            ],
            told);
        Assert.Equal(0, harness.Machine.QueuedDecisions);
    }

    [Fact]
    [Trait("Rule", "X9")]
    public void InDoubt_AskedAgainWhileACommitCannotBeTold_IsToldOnceWhenItMayBe()
    {
        MachineHarness harness = new();
        TransactionId id = harness.NewTransaction().Id;
        CoordinatorEffect.Record asked = Assert.Single(Ask(harness, id, MachineHarness.Orders, link: 1).OfType<CoordinatorEffect.Record>());
        Outcome committed = Outcome.Committed(harness.Now.Plus(Duration.FromSeconds(1)));
        Decision row = new(id, committed, [MachineHarness.Orders]);
        harness.Handle(new CoordinatorEvent.Recorded(asked.Batch, new RecordResult.Committed([new RegisterContent.ById(row)])));

        // The log has answered, so that only the clock keeps it back: none of these may ask the log again.
        for (int i = 0; i < 1_000; i++)
        {
            Assert.Empty(Ask(harness, id, MachineHarness.Orders, link: 1));
        }

        harness.Now = harness.Now.Plus(Duration.FromSeconds(2));
        IReadOnlyList<CoordinatorEffect> told = harness.Handle(new CoordinatorEvent.TimePassed());

        CoordinatorEffect.Send send = Assert.Single(told.OfType<CoordinatorEffect.Send>());
        Assert.Equal(new CoordinatorFrame.Ended(id, committed), send.Frame);
    }

    [Fact]
    public void InDoubt_MaxQueuedDecisions_OneMoreHearsNothingAndAsksAgain()
    {
        MachineHarness harness = new(new() { MaxQueuedDecisions = 1 });
        TransactionId first = harness.NewTransaction().Id;
        TransactionId second = harness.NewTransaction().Id;
        CoordinatorEffect.Record asked = Assert.Single(Ask(harness, first, MachineHarness.Orders, link: 1).OfType<CoordinatorEffect.Record>());

        Assert.Empty(Ask(harness, second, MachineHarness.Orders, link: 1));
        Assert.Equal(1, harness.Machine.QueuedDecisions);
        harness.Handle(new CoordinatorEvent.Recorded(
            asked.Batch, new RecordResult.Committed([new RegisterContent.ById(asked.Decisions[0])])));

        Assert.Single(Ask(harness, second, MachineHarness.Orders, link: 1).OfType<CoordinatorEffect.Record>());
    }

    [Fact]
    public void InDoubt_MaxShards_OneMoreHearsNothingAndAsksAgain()
    {
        MachineHarness harness = new(new() { MaxShards = 2 });
        TransactionId id = harness.NewTransaction().Id;
        ShardGeneration[] shards = [.. Enumerable.Range(0, 3).Select(i => new ShardGeneration(ShardId.Parse($"s/{i}"), new(1)))];
        CoordinatorEffect.Record asked = Assert.Single(Ask(harness, id, shards[0], link: 1).OfType<CoordinatorEffect.Record>());
        Ask(harness, id, shards[1], link: 1);
        Ask(harness, id, shards[2], link: 1);

        IReadOnlyList<CoordinatorEffect> told = harness.Handle(new CoordinatorEvent.Recorded(
            asked.Batch, new RecordResult.Committed([new RegisterContent.ById(asked.Decisions[0])])));

        Assert.Equal([shards[0].Shard, shards[1].Shard], told.OfType<CoordinatorEffect.Send>().Select(s => s.Shard));
        Assert.Single(Ask(harness, id, shards[2], link: 1).OfType<CoordinatorEffect.Record>());
    }

    private static IReadOnlyList<CoordinatorEffect> Ask(MachineHarness harness, TransactionId id, ShardGeneration shard, long link) =>
        harness.Handle(new CoordinatorEvent.FrameReceived(new(link), new ShardFrame.InDoubt(id, shard, Gone)));
}
