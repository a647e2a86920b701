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

    // A range may take thousands of parts: of those that nobody waits for, none is asked for any more.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Scan_InParts_GoesOnOnlyWhileItsCallWaits(bool isCancelled)
    {
        _rig.Handle(new ShardEvent.SnapshotReadReceived(
            new CallId(1), null, new SnapshotQuery.Scan(new KeyRange("t", "", null), 10)));
        if (isCancelled)
        {
            _rig.Handle(new ShardEvent.CallCancelled(new CallId(1)));
        }

        AnswerWithATombstone("a");

        Assert.Equal(isCancelled ? 0 : 1, _rig.Unanswered.OfType<ShardEffect.ReadVersions>().Count());
        _rig.AnswerAll();
        Assert.Equal(isCancelled, _rig.AnswerTo(1) is null);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void ScanOfATransaction_InParts_GoesOnOnlyWhileThatLasts(bool isAborted)
    {
        TransactionContext context = Name.Transaction("a");
        _rig.Handle(new ShardEvent.OperationReceived(
            new CallId(1), context, new OperationNumber(1, 1), new Operation.Scan(new KeyRange("t", "", null), 10)));
        if (isAborted)
        {
            _rig.Handle(new ShardEvent.FrameReceived(
                context.Coordinator, new CoordinatorFrame.Ended(context.Id, Outcome.Aborted(AbortReason.ClientAborted))));
        }

        AnswerWithATombstone("a");

        Assert.Equal(isAborted ? 0 : 1, _rig.Unanswered.OfType<ShardEffect.ReadVersions>().Count());
    }

    private void AnswerWithATombstone(string key)
    {
        ShardEffect.ReadVersions asked = _rig.Take<ShardEffect.ReadVersions>();
        _rig.Handle(new ShardEvent.VersionsRead(asked.Request, new VersionsReadResult.Succeeded(
            [new RecordVersion(new RecordKey("t", key), default, null)], default, IsComplete: false)));
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
