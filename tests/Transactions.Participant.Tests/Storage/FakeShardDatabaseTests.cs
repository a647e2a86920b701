using System.Collections.Immutable;
using Transactions.Clocks;
using Transactions.Model;
using Transactions.TestKit.Storage;
using Xunit;

namespace Transactions.Participant.Tests.Storage;

/// <summary>What the fake does beyond the contract: faults and crashes.</summary>
public sealed class FakeShardDatabaseTests
{
    private readonly Ids _ids = new();
    private readonly FakeShardDatabase _database = new();
    private readonly Fence _fence;

    public FakeShardDatabaseTests()
    {
        _database.ReadShardRow();
        _database.TakeOver("first", "", default, default, Ids.Start);
        _fence = new Fence(new Generation(1), 0);
    }

    [Fact]
    public void Crash_AcknowledgedWrite_IsKept()
    {
        PersistItem item = Tombstone();
        _database.Persist(_fence, [item]);

        _database.Crash();

        Assert.True(IsThere(item));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Crash_AnswerLost_MayTakeTheWriteBack(bool keepUnflushed)
    {
        PersistItem item = Tombstone();
        Assert.IsType<PersistResult.Ambiguous>(_database.Persist(_fence, [item], StorageFault.AmbiguousWritten));
        Assert.True(IsThere(item));
        Assert.True(_database.HasUnflushed);

        _database.Crash(keepUnflushed);

        Assert.Equal(keepUnflushed, IsThere(item));
    }

    [Fact]
    [Trait("Rule", "L6")]
    public void Crash_LaterWriteAcknowledged_KeepsWhatCameBefore()
    {
        PersistItem item = Tombstone();
        _database.Persist(_fence, [item], StorageFault.AmbiguousWritten);
        Assert.Equal([item.Id], _database.Reconcile(_fence.Generation, _fence.Epoch + 1, [item.Id])!.Outcomes.Keys);

        _database.Crash();

        Assert.True(IsThere(item));
    }

    [Theory]
    [InlineData(StorageFault.RolledBack)]
    [InlineData(StorageFault.AmbiguousLost)]
    public void Persist_NotWritten_IsNotThere(StorageFault fault)
    {
        PersistItem item = Tombstone();

        PersistResult result = _database.Persist(_fence, [item], fault);

        Assert.Equal(fault == StorageFault.RolledBack, result is PersistResult.RolledBack { IsTransient: true });
        Assert.False(IsThere(item));
    }

    [Theory]
    [Trait("Rule", "L6")]
    [InlineData(false)]
    [InlineData(true)]
    public void RunLate_EpochRaisedBefore_IsFenced(bool reconcileFirst)
    {
        PersistItem item = Tombstone();
        Assert.IsType<PersistResult.Ambiguous>(_database.Persist(_fence, [item], StorageFault.AmbiguousLate));
        Assert.False(IsThere(item));
        if (reconcileFirst)
        {
            _database.Reconcile(_fence.Generation, _fence.Epoch + 1, []);
        }

        Assert.Equal(1, _database.RunLate());

        Assert.Equal(!reconcileFirst, IsThere(item));
    }

    [Fact]
    public void IsAvailable_False_AnswersNothingAndWritesNothing()
    {
        PersistItem item = Tombstone();
        _database.IsAvailable = false;

        Assert.Null(_database.ReadShardRow());
        Assert.Null(_database.Load(_fence.Generation));
        Assert.Null(_database.Reconcile(_fence.Generation, _fence.Epoch + 1, []));
        Assert.False(_database.ReadOutcome(item.Id).Succeeded);
        Assert.IsType<VersionsReadResult.Failed>(_database.ReadVersions(new VersionQuery.Records(default, [])));
        Assert.IsType<PersistResult.RolledBack>(_database.Persist(_fence, [item]));
        Assert.Equal(WriteResult.RolledBack, _database.Renew(_fence.Generation, Timestamp.MaxValue, default));
        _database.IsAvailable = true;
        Assert.False(IsThere(item));
    }

    private PersistItem.Tombstone Tombstone() => new(_ids.Next(), AbortReason.Resolved);

    private bool IsThere(PersistItem item) => _database.ReadOutcome(item.Id).Outcome is not null;
}
