using NodaTime;
using Transactions.Clocks;
using Transactions.Model;
using Xunit;

namespace Transactions.Participant.Tests;

[Trait("Rule", "X5")]
public sealed class EndedTransactionsTests
{
    private static readonly Outcome Aborted = Outcome.Aborted(AbortReason.Wounded);
    private static readonly TransactionId Id = Name.Transaction("a").Id;

    private readonly EndedTransactions _ended = new(ProtocolLimits.Default);

    [Fact]
    public void Forget_UntilDeadlineAndMaxOffset_Remembers()
    {
        Timestamp deadline = Name.Start.Plus(Duration.FromSeconds(5));
        _ended.Remember(Id, Aborted, deadline);

        _ended.Forget(deadline.Plus(ProtocolLimits.Default.MaxOffset));
        Assert.True(_ended.TryGet(Id, out Outcome outcome));
        Assert.Equal(Aborted, outcome);

        _ended.Forget(deadline.Plus(ProtocolLimits.Default.MaxOffset).Next());
        Assert.False(_ended.TryGet(Id, out _));
        Assert.Equal(0, _ended.Count);
    }

    [Fact]
    public void Forget_DeadlineUnknown_RemembersAsLongAsItCanBe()
    {
        _ended.Remember(Id, Aborted);

        Timestamp last = Id.IssuedAt.Plus(ProtocolLimits.Default.MaxLifetime).Plus(ProtocolLimits.Default.MaxOffset);
        _ended.Forget(last);
        Assert.True(_ended.TryGet(Id, out _));
        _ended.Forget(last.Next());
        Assert.False(_ended.TryGet(Id, out _));
    }

    [Fact]
    [Trait("Rule", "X11")]
    public void Remember_CommitAfterAPresumedAbort_IsTheCommit()
    {
        _ended.Remember(Id, Aborted);
        _ended.Remember(Id, Outcome.Committed(new Timestamp(7)));

        Assert.True(_ended.TryGet(Id, out Outcome outcome));
        Assert.Equal(Outcome.Committed(new Timestamp(7)), outcome);
    }

    [Fact]
    public void Remember_AbortAfterACommit_BreaksTheInvariant()
    {
        _ended.Remember(Id, Outcome.Committed(new Timestamp(7)));

        Assert.Throws<BrokenInvariantException>(() => _ended.Remember(Id, Aborted));
        Assert.Throws<BrokenInvariantException>(() => _ended.Remember(Id, Outcome.Committed(new Timestamp(8))));
        _ended.Remember(Id, Outcome.Committed(new Timestamp(7)));
    }
}
