using Transactions.Clocks;
using Xunit;

namespace Transactions.Model.Tests;

public sealed class OutcomeTests
{
    [Fact]
    public void Committed_AtATimestamp_SaysSo()
    {
        Outcome outcome = Outcome.Committed(new Timestamp(7));

        Assert.True(outcome.IsCommitted);
        Assert.Equal(OutcomeKind.Committed, outcome.Kind);
        Assert.Equal(new Timestamp(7), outcome.CommitTimestamp);
        Assert.Equal(AbortReason.Unspecified, outcome.Reason);
    }

    [Fact]
    public void Aborted_ForAReason_SaysSo()
    {
        Outcome outcome = Outcome.Aborted(AbortReason.Wounded);

        Assert.False(outcome.IsCommitted);
        Assert.Equal(OutcomeKind.Aborted, outcome.Kind);
        Assert.Equal(AbortReason.Wounded, outcome.Reason);
        Assert.Equal("aborted: Wounded", outcome.ToString());
    }

    [Fact]
    public void Default_Always_IsNeither()
    {
        Assert.Equal(OutcomeKind.Unspecified, default(Outcome).Kind);
        Assert.False(default(Outcome).IsCommitted);
        Assert.NotEqual(Outcome.Aborted(AbortReason.Unspecified), default);
    }

    [Fact]
    public void MayRetry_EveryReason_IsAnswered()
    {
        AbortReason[] inVain =
        [
            AbortReason.Unspecified, AbortReason.ClientAborted, AbortReason.DeadlinePassed, AbortReason.OperationConflict,
            AbortReason.StorageRefused, AbortReason.IdempotencyKeyTaken, AbortReason.Expired,
        ];

        Assert.Equal(inVain, Enum.GetValues<AbortReason>().Where(r => !r.MayRetry()));
    }

    [Fact]
    [Trait("Rule", "X4")]
    public void Precedence_Order_IsPriorityThenId()
    {
        TransactionId low = TransactionId.Create(new Timestamp(1L << 40), new byte[10]);
        TransactionId high = TransactionId.Create(new Timestamp(1L << 41), new byte[10]);
        Precedence old = new(new Timestamp(1), high);
        Precedence young = new(new Timestamp(2), low);

        Assert.True(old.IsOlderThan(young));
        Assert.True(new Precedence(new Timestamp(2), low).IsOlderThan(new Precedence(new Timestamp(2), high)));
        Assert.False(young.IsOlderThan(young));
    }
}
