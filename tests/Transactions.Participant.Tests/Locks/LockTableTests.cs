using Xunit;

namespace Transactions.Participant.Tests;

[Trait("Rule", "X4")]
public sealed class LockTableTests
{
    private readonly LockRig _locks = new();

    [Fact]
    public void LockKey_Free_IsGrantedAtOnce()
    {
        LockRequest? request = _locks.Exclusive("a", "x");

        Assert.True(request!.IsGranted);
        Assert.Equal(["a x"], _locks.Granted);
    }

    [Fact]
    public void LockKey_HeldByTheSameTransaction_AsksForNothing()
    {
        _locks.Exclusive("a", "x");

        Assert.Null(_locks.Exclusive("a", "x"));
        Assert.Null(_locks.Shared("a", "x"));
    }

    [Fact]
    public void LockKey_SharedBySeveral_AllHold()
    {
        _locks.Shared("b", "x");
        _locks.Shared("a", "x");
        _locks.Shared("c", "x");

        Assert.Equal(["b x", "a x", "c x"], _locks.Granted);
        Assert.Empty(_locks.Wounded);
    }

    [Fact]
    public void LockKey_YoungerHolder_IsWounded()
    {
        _locks.Exclusive("b", "x");
        LockRequest? request = _locks.Shared("a", "x");

        Assert.Equal(["b by a"], _locks.Wounded);
        Assert.True(_locks.Holds(request));
    }

    [Fact]
    public void LockKey_OlderHolder_IsWaitedFor()
    {
        _locks.Exclusive("a", "x");
        LockRequest? request = _locks.Exclusive("b", "x");
        Assert.False(_locks.Holds(request));

        _locks.Release("a");

        Assert.True(_locks.Holds(request));
        Assert.Empty(_locks.Wounded);
    }

    [Fact]
    public void LockKey_YoungerSharedHolders_AreAllWounded()
    {
        _locks.Shared("b", "x");
        _locks.Shared("d", "x");
        _locks.Shared("a", "x");
        LockRequest? request = _locks.Exclusive("c", "x");

        // c wounds d, and waits for a and b.
        Assert.Equal(["d by c"], _locks.Wounded);
        _locks.Release("a");
        Assert.False(_locks.Holds(request));
        _locks.Release("b");
        Assert.True(_locks.Holds(request));
    }

    [Fact]
    public void LockKey_YoungerWaiterBeforeIt_IsWounded()
    {
        _locks.Shared("a", "x");
        _locks.Exclusive("c", "x");
        LockRequest? request = _locks.Shared("b", "x");

        Assert.Equal(["c by b"], _locks.Wounded);
        Assert.True(_locks.Holds(request));
    }

    [Fact]
    public void LockKey_PreparedHolder_IsNeverWounded()
    {
        _locks.Exclusive("b", "x");
        _locks.Prepare("b");
        LockRequest? request = _locks.Exclusive("a", "x");

        Assert.Empty(_locks.Wounded);
        Assert.False(_locks.Holds(request));
    }

    [Fact]
    public void LockKey_BehindPreparedHolder_FirstComeFirstServed()
    {
        _locks.Exclusive("z", "x");
        _locks.Prepare("z");
        _locks.Exclusive("a", "x");
        _locks.Shared("b", "x");
        _locks.Shared("c", "x");
        _locks.Exclusive("d", "x");
        _locks.Shared("e", "x");

        _locks.Release("z");
        Assert.Equal(["z x", "a x"], _locks.Granted);
        _locks.Release("a");
        Assert.Equal(["z x", "a x", "b x", "c x"], _locks.Granted);
        _locks.Release("c");
        Assert.Equal(4, _locks.Granted.Count);
        _locks.Release("b");
        _locks.Release("d");
        Assert.Equal(["z x", "a x", "b x", "c x", "d x", "e x"], _locks.Granted);
    }

    [Fact]
    public void LockKey_Upgrade_GoesBeforeTheQueue()
    {
        _locks.Shared("z", "x");
        _locks.Prepare("z");
        _locks.Shared("a", "x");
        LockRequest? queued = _locks.Exclusive("b", "x");
        LockRequest? upgrade = _locks.Exclusive("a", "x");

        _locks.Release("z");
        Assert.True(_locks.Holds(upgrade));
        Assert.False(_locks.Holds(queued));
        _locks.Release("a");
        Assert.True(_locks.Holds(queued));
    }

    [Fact]
    public void LockKey_TwoUpgrades_TheYoungerIsWounded()
    {
        _locks.Shared("a", "x");
        _locks.Shared("b", "x");
        _locks.Exclusive("b", "x");
        LockRequest? upgrade = _locks.Exclusive("a", "x");

        Assert.Equal(["b by a"], _locks.Wounded);
        Assert.True(_locks.Holds(upgrade));
    }

    [Fact]
    public void LockKey_UpgradeThatPassesAnOlderScan_IsWounded()
    {
        // The scan waits for a prepared writer of another key in its range, and holds nothing against readers of x.
        _locks.Exclusive("z", "y");
        _locks.Prepare("z");
        _locks.Shared("b", "x");
        LockRequest scan = _locks.Range("a", "x", null);
        _locks.Exclusive("b", "x");

        Assert.Equal(["b by a"], _locks.Wounded);
        _locks.Release("z");
        Assert.True(_locks.Holds(scan));
    }

    [Fact]
    public void LockKey_UpgradeOfOnlyHolder_IsGrantedAtOnce()
    {
        _locks.Shared("a", "x");
        LockRequest? upgrade = _locks.Exclusive("a", "x");
        LockRequest? reader = _locks.Shared("b", "x");

        Assert.True(_locks.Holds(upgrade));
        Assert.False(_locks.Holds(reader));
    }

    [Fact]
    public void LockKey_SeveralRequestsOfOneTransaction_AreOneLock()
    {
        _locks.Exclusive("a", "x");
        LockRequest? first = _locks.Shared("b", "x");
        LockRequest? second = _locks.Exclusive("b", "x");
        LockRequest? third = _locks.Exclusive("b", "x");

        _locks.Release("a");

        Assert.True(_locks.Holds(first) && _locks.Holds(second) && _locks.Holds(third));
        LockRequest? other = _locks.Shared("c", "x");
        Assert.False(_locks.Holds(other));
        _locks.Release("b");
        Assert.True(_locks.Holds(other));
    }

    [Fact]
    public void LockKey_OwnRequestBehindAWaiterForIt_IsGrantedWithTheFirst()
    {
        _locks.Range("a", "", null);
        LockRequest? write = _locks.Exclusive("b", "x");
        LockRequest? other = _locks.Shared("c", "x");
        LockRequest? read = _locks.Shared("b", "x");

        _locks.Release("a");

        Assert.True(_locks.Holds(write) && _locks.Holds(read));
        Assert.False(_locks.Holds(other));
    }

    [Fact]
    public void LockRange_AbsentKeyWrittenByAnother_IsWaitedFor()
    {
        _locks.Exclusive("a", "m");
        LockRequest scan = _locks.Range("b", "k", "p");
        LockRequest beside = _locks.Range("c", "n", "p");

        Assert.False(_locks.Holds(scan));
        Assert.True(_locks.Holds(beside));
        _locks.Release("a");
        Assert.True(_locks.Holds(scan));
    }

    [Fact]
    public void LockKey_WriteInAHeldRange_Waits()
    {
        _locks.Range("a", "k", "p");
        LockRequest? inside = _locks.Exclusive("b", "k");
        LockRequest? end = _locks.Exclusive("b", "p");
        LockRequest? reader = _locks.Shared("b", "l");

        Assert.False(_locks.Holds(inside));
        Assert.True(_locks.Holds(end));
        Assert.True(_locks.Holds(reader));
    }

    [Fact]
    public void LockRange_YoungerWriter_IsWounded()
    {
        _locks.Exclusive("c", "m");
        LockRequest scan = _locks.Range("b", "", null);

        Assert.Equal(["c by b"], _locks.Wounded);
        Assert.True(_locks.Holds(scan));
    }

    [Fact]
    public void LockRange_SeveralScans_ShareTheRange()
    {
        _locks.Range("b", "", null);
        LockRequest second = _locks.Range("a", "c", "d");

        Assert.True(_locks.Holds(second));
        Assert.Empty(_locks.Wounded);
    }

    [Fact]
    public void LockRange_OwnWrites_AreNoObstacle()
    {
        _locks.Exclusive("a", "m");
        LockRequest scan = _locks.Range("a", "", null);
        LockRequest? write = _locks.Exclusive("a", "n");

        Assert.True(_locks.Holds(scan));
        Assert.True(_locks.Holds(write));
    }

    [Fact]
    public void LockRange_OtherCollection_IsFree()
    {
        _locks.Exclusive("a", "m");
        PendingOperation operation = new(_locks["b"], default, new Operation.Scan(new KeyRange("u", "", null), 1));

        Assert.True(_locks.Table.LockRange(_locks["b"], new KeyRange("u", "", null), operation).IsGranted);
    }

    [Fact]
    public void ShrinkRange_WriterBehindTheNewEnd_GoesOn()
    {
        LockRequest scan = _locks.Range("a", "", null);
        LockRequest? near = _locks.Exclusive("b", "c");
        LockRequest? far = _locks.Exclusive("c", "x");

        _locks.Shrink(scan, "m");

        Assert.False(_locks.Holds(near));
        Assert.True(_locks.Holds(far));
    }

    [Fact]
    [Trait("Rule", "L3")]
    public void GrantRecovered_SeveralOnOneKey_AllMustEnd()
    {
        _locks.Prepare("y");
        _locks.Prepare("z");
        _locks.Table.GrantRecovered(_locks["y"], new RecordKey("t", "x"));
        _locks.Table.GrantRecovered(_locks["z"], new RecordKey("t", "x"));
        LockRequest? request = _locks.Exclusive("a", "x");

        _locks.Release("y");
        Assert.False(_locks.Holds(request));
        _locks.Release("z");
        Assert.True(_locks.Holds(request));
        Assert.Empty(_locks.Wounded);
    }

    [Fact]
    public void ReleaseAll_HeldAndWaiting_LeavesNothing()
    {
        _locks.Exclusive("a", "x");
        _locks.Range("b", "", null);
        _locks.Shared("b", "x");
        _locks.Exclusive("b", "y");
        _locks.Shared("c", "x");
        _locks.Exclusive("c", "x");

        _locks.Release("b");
        _locks.Release("c");
        Assert.False(_locks.Table.IsEmpty);
        _locks.Release("a");

        Assert.True(_locks.Table.IsEmpty);
        Assert.All(_locks.Transactions, transaction => Assert.Empty(transaction.Locks));
    }

    [Fact]
    public void ReleaseAll_WaiterThatBlockedOthers_LetsThemGoOn()
    {
        _locks.Shared("a", "x");
        _locks.Exclusive("b", "x");
        LockRequest? behind = _locks.Shared("c", "x");
        Assert.False(_locks.Holds(behind));

        _locks.Release("b");

        Assert.True(_locks.Holds(behind));
    }

    [Fact]
    public void ReleaseAll_WaitingScanThatBlockedAWriter_LetsItGoOn()
    {
        _locks.Exclusive("a", "m");
        _locks.Range("b", "", null);
        LockRequest? behind = _locks.Exclusive("c", "n");
        Assert.False(_locks.Holds(behind));

        _locks.Release("b");

        Assert.True(_locks.Holds(behind));
    }
}
