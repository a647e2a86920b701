using NodaTime;
using Transactions.Clocks;
using Transactions.Model;
using Xunit;

namespace Transactions.Participant.Tests;

public sealed class VotedTransactionsTests
{
    [Fact]
    [Trait("Rule", "X12")]
    public void TimePassed_ReaderLetGoAndClockSetBack_NothingIsPreparedBelowItsVotesEnd()
    {
        ShardRig rig = new ShardRig(new ShardOptions
        {
            LeaseDuration = Duration.FromSeconds(1),
            RenewInterval = Duration.FromMilliseconds(500),
        }).Serve();
        Operate(rig, "a", Name.Get("t/x"));
        rig.AnswerAll();
        Prepare(rig, "a", wrote: false);
        Timestamp validUntil = rig.Frames<ShardFrame.Voted>().Single().Vote.ValidUntil;
        rig.Wait(Duration.FromMilliseconds(900));
        rig.AnswerAll();
        rig.Wait(Duration.FromMilliseconds(101));

        rig.Clock.Now = Name.Start.Plus(Duration.FromMilliseconds(500));
        Operate(rig, "b", Name.Put("t/x"));
        Prepare(rig, "b", wrote: true);

        ShardEffect.Persist persist = rig.Take<ShardEffect.Persist>();
        Assert.True(Assert.IsType<PersistItem.Prepare>(persist.Items[0]).Row.PrepareTimestamp > validUntil);
    }

    private static void Operate(ShardRig rig, string name, Operation operation) => rig.Handle(new ShardEvent.OperationReceived(
        new CallId(name[0]), Name.Transaction(name), new OperationNumber(1, 1), operation));

    private static void Prepare(ShardRig rig, string name, bool wrote) => rig.Handle(new ShardEvent.FrameReceived(
        Name.Coordinator("c1"),
        new CoordinatorFrame.Prepare(Name.Transaction(name).Id, rig.Machine.Owner.Generation, Timestamp.Zero, wrote, Operations: 1)));
}
