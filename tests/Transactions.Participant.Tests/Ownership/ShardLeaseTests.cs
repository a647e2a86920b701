using NodaTime;
using Transactions.Clocks;
using Transactions.Model;
using Xunit;

namespace Transactions.Participant.Tests;

public sealed class ShardLeaseTests
{
    private readonly ShardRig _rig = new ShardRig().Serve();

    [Fact]
    [Trait("Rule", "L4")]
    public void Renewed_Committed_IsUsedOnlyThen()
    {
        Timestamp before = _rig.Machine.LeaseUntil;
        _rig.Wait(Duration.FromSeconds(1));
        ShardEffect.Renew renew = _rig.Take<ShardEffect.Renew>();

        Assert.Equal(before, _rig.Machine.LeaseUntil);
        Assert.True(renew.LeaseUntil > before);
        Assert.True(renew.LeaseUntil <= _rig.Clock.Read().Earliest.Plus(Duration.FromSeconds(10)));
        _rig.Handle(new ShardEvent.Renewed(WriteResult.Committed));
        Assert.Equal(renew.LeaseUntil, _rig.Machine.LeaseUntil);
    }

    [Theory]
    [InlineData(WriteResult.Ambiguous)]
    [InlineData(WriteResult.RolledBack)]
    [Trait("Rule", "L4")]
    public void Renewed_NotAcknowledged_IsNotUsedAndAsksForMore(WriteResult result)
    {
        Timestamp before = _rig.Machine.LeaseUntil;
        _rig.Wait(Duration.FromSeconds(1));
        ShardEffect.Renew renew = _rig.Take<ShardEffect.Renew>();
        _rig.Handle(new ShardEvent.Renewed(result));

        Assert.Equal(before, _rig.Machine.LeaseUntil);
        _rig.Wait(Duration.FromMilliseconds(200));
        Assert.True(_rig.Take<ShardEffect.Renew>().LeaseUntil > renew.LeaseUntil);
    }

    [Fact]
    [Trait("Rule", "L4")]
    public void Renewed_LateFromBeforeTheFencing_IsNotTheNextGenerationsLease()
    {
        _rig.Wait(Duration.FromSeconds(1));
        ShardEffect.Renew old = _rig.Take<ShardEffect.Renew>();
        _rig.Store.Renew(old);
        Prepare();
        _rig.Usurp(Duration.FromSeconds(1));
        _rig.Answer<ShardEffect.Persist>();
        Assert.Equal(OwnershipPhase.Idle, _rig.Machine.Phase);

        // Its answer is still to come: nothing begins before.
        _rig.Wait(Duration.FromSeconds(5));
        Assert.Empty(_rig.Unanswered.OfType<ShardEffect.ReadShardRow>());
        _rig.Handle(new ShardEvent.Renewed(WriteResult.Committed));
        _rig.Serve();

        Assert.Equal(_rig.Store.Row.LeaseUntil, _rig.Machine.LeaseUntil);
        Assert.Equal(new Generation(3), _rig.Machine.Owner.Generation);
    }

    [Fact]
    [Trait("Rule", "L3")]
    public void TakenOver_Predecessor_AllTimestampsAreAboveItsLease()
    {
        Timestamp old = _rig.Machine.LeaseUntil;
        _rig.Restart().Serve();

        Assert.True(_rig.Machine.LastTimestamp >= old);
        Assert.True(_rig.Clock.Read().Earliest > old);
    }

    [Fact]
    [Trait("Rule", "L3")]
    public void ShardRowRead_LeaseEndsExactlyNow_IsStillWaitedFor()
    {
        ShardRig rig = new();
        Timestamp earliest = rig.Clock.Read().Earliest;
        rig.Store.Row = rig.Store.Row with { Generation = new Generation(4), LeaseUntil = earliest };
        rig.Handle(new ShardEvent.TimePassed());
        rig.Answer<ShardEffect.ReadShardRow>();
        Assert.Equal(OwnershipPhase.WaitingForLease, rig.Machine.Phase);

        rig.Wait(Duration.FromNanoseconds(1_000));
        ShardEffect.TakeOver takeover = Assert.Single(rig.Answer<ShardEffect.ReadShardRow>().OfType<ShardEffect.TakeOver>());

        Assert.Equal((new Generation(4), earliest), (takeover.Seen, takeover.WaitedOut));
    }

    [Fact]
    [Trait("Rule", "L5")]
    public void StopRequested_AfterAOnePhaseCommitAndAnAbort_HandsBackAboveAllThatWasGivenOrSeen()
    {
        Write("a");
        _rig.Handle(Frame(new CoordinatorFrame.CommitOnePhase(
            Name.Transaction("a").Id, _rig.Machine.Owner.Generation, _rig.Clock.Read().Latest.Plus(Duration.FromMilliseconds(300)), true, 1)));
        _rig.AnswerAll();
        _rig.Wait(Duration.FromMilliseconds(310));
        ShardFrame.OnePhaseEnded ended = Assert.Single(_rig.Frames<ShardFrame.OnePhaseEnded>());

        _rig.Handle(new ShardEvent.StopRequested());
        _rig.Wait(Duration.FromMilliseconds(1));
        ShardEffect.HandBack back = _rig.Take<ShardEffect.HandBack>();

        Assert.True(ended.Outcome.IsCommitted);
        Assert.True(back.LeaseUntil >= ended.Outcome.CommitTimestamp);
        Assert.True(back.LeaseUntil >= _rig.Machine.LastTimestamp);
        Assert.True(back.LeaseUntil < _rig.Machine.LeaseUntil);
        _rig.Handle(new ShardEvent.HandedBack(WriteResult.Ambiguous));
        Assert.Equal(OwnershipPhase.Stopped, _rig.Machine.Phase);
        Assert.Single(_rig.Effects.OfType<ShardEffect.Stopped>());
    }

    [Fact]
    [Trait("Rule", "L5")]
    public void StopRequested_SuccessorNeedsNotWaitTheLeaseOut_AndStaysAbove()
    {
        Timestamp served = _rig.Clock.Read().Latest;
        _rig.Handle(new ShardEvent.SnapshotReadReceived(new CallId(1), served, new SnapshotQuery.Get("t", ["x"])));
        _rig.Handle(new ShardEvent.StopRequested());
        _rig.Wait(Duration.FromMilliseconds(1));
        _rig.AnswerAll();
        Assert.Equal(OwnershipPhase.Stopped, _rig.Machine.Phase);

        _rig.Restart();
        _rig.Clock.Advance(Duration.FromMilliseconds(5));
        _rig.Serve();
        Write("b");
        Prepare("b", _rig.Clock.Read().Earliest);

        Assert.True(_rig.Clock.Now < Name.Start.Plus(Duration.FromSeconds(1)));
        Assert.True(Assert.IsType<PersistItem.Prepare>(_rig.Take<ShardEffect.Persist>().Items[0]).Row.PrepareTimestamp > served);
    }

    [Fact]
    [Trait("Rule", "L2")]
    public void Fenced_Applied_ForgetsAllAndRefusesAll()
    {
        Prepare();
        _rig.Answer<ShardEffect.Persist>();
        _rig.Handle(Frame(new CoordinatorFrame.Ended(
            Name.Transaction("a").Id, Outcome.Committed(_rig.Frames<ShardFrame.Voted>().Single().Vote.PrepareTimestamp))));
        _rig.Usurp(Duration.FromSeconds(1));
        _rig.Answer<ShardEffect.Apply>();

        Assert.Equal(OwnershipPhase.Idle, _rig.Machine.Phase);
        Assert.True(_rig.Machine.IsQuiet);
        Assert.Equal(0, _rig.Machine.WaitingCalls);
        Assert.Equal(1, _rig.Store.PreparedCount);

        // What is prepared in the tables is found again by whoever owns it next.
        _rig.Serve();
        Assert.Equal(1, _rig.Machine.PreparedTransactions);
    }

    private void Write(string name) => _rig.Handle(new ShardEvent.OperationReceived(
        new CallId(name[0]), Name.Transaction(name), new OperationNumber(1, 1), Name.Put("t/x")));

    private void Prepare()
    {
        Write("a");
        Prepare("a", _rig.Clock.Read().Latest);
    }

    private void Prepare(string name, Timestamp floor) => _rig.Handle(Frame(new CoordinatorFrame.Prepare(
        Name.Transaction(name).Id, _rig.Machine.Owner.Generation, floor, Wrote: true, Operations: 1)));

    private static ShardEvent.FrameReceived Frame(CoordinatorFrame frame) => new(Name.Coordinator("c1"), frame);
}
