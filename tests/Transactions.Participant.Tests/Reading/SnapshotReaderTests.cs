using Transactions.Model;
using Xunit;

namespace Transactions.Participant.Tests;

/// <summary>What bounds the reads that PostgreSQL has yet to answer.</summary>
public sealed class SnapshotReaderTests
{
    private readonly ShardRig _rig = new ShardRig(new ShardOptions { MaxWaiting = 2 }).Serve();

    [Fact]
    public void MaxWaiting_ReadsWhoseClientsWentAway_HoldTheirPlacesUntilTheyAreAnswered()
    {
        Read(1);
        Read(2);
        _rig.Handle(new ShardEvent.CallCancelled(new CallId(1)));
        _rig.Handle(new ShardEvent.CallCancelled(new CallId(2)));

        Read(3);
        AssertFull(3);
        _rig.Handle(new ShardEvent.OperationReceived(
            new CallId(4), Name.Transaction("a"), new OperationNumber(1, 1), Name.Put("t/a")));
        AssertFull(4);
        Assert.Equal(2, _rig.Unanswered.OfType<ShardEffect.ReadVersions>().Count());

        _rig.Answer<ShardEffect.ReadVersions>();
        Read(5);
        Read(6);
        AssertFull(6);
        _rig.AnswerAll();
        Assert.IsType<ShardAnswer.Read>(_rig.AnswerTo(5));
        Assert.Null(_rig.AnswerTo(1));
    }

    private void Read(long call) =>
        _rig.Handle(new ShardEvent.SnapshotReadReceived(new CallId(call), null, new SnapshotQuery.Get("t", ["a"])));

    private void AssertFull(long call)
    {
        Refusal refusal = Assert.IsType<ShardAnswer.Refused>(_rig.AnswerTo(call)).Refusal;
        Assert.Equal(
            (RefusalStatus.ResourceExhausted, RefusalReason.LimitReached, "waiting"), (refusal.Status, refusal.Reason, refusal.Field));
        Assert.Contains("2 calls waiting", refusal.Message, StringComparison.Ordinal);
    }
}
