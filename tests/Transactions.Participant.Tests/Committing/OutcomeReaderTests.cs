using NodaTime;
using Transactions.Clocks;
using Transactions.Model;
using Transactions.TestKit.Clocks;
using Xunit;

namespace Transactions.Participant.Tests;

[Trait("Rule", "D5")]
public sealed class OutcomeReaderTests
{
    private readonly ManualClock _clock = new();
    private readonly ShardCore _core = new(Name.Shard, ProtocolLimits.Default, new ShardOptions());
    private readonly OutcomeReader _register;

    public OutcomeReaderTests() => _register = new OutcomeReader(_core);

    [Fact]
    public void MayBePruned_AtTheMark_MayBe()
    {
        // The clock tells nothing: only the mark does.
        _clock.Fail();
        _core.Clock = _clock.Read();
        TransactionId id = Name.Transaction("a").Id;
        Assert.False(_register.MayBePruned(id));

        _register.RaiseMark(id.IssuedAt.Previous());
        Assert.False(_register.MayBePruned(id));
        _register.RaiseMark(id.IssuedAt);
        Assert.True(_register.MayBePruned(id));
        _register.RaiseMark(Timestamp.Zero);
        Assert.True(_register.MayBePruned(id));
    }

    [Fact]
    public void MayBePruned_MarkThatASuccessorMayHaveRaised_MayBe()
    {
        // This owner slept, and knows of no mark: latest - maxLifetime - retention is as high as any can be.
        TransactionId id = Name.Transaction("a").Id;
        _clock.Now = id.IssuedAt.Plus(ProtocolLimits.Default.MaxLifetime).Plus(ProtocolLimits.Default.Retention)
            .Minus(Duration.FromMilliseconds(1)).Minus(Duration.FromNanoseconds(1_000));
        _core.Clock = _clock.Read();
        Assert.False(_register.MayBePruned(id));

        _clock.Advance(Duration.FromNanoseconds(1_000));
        _core.Clock = _clock.Read();
        Assert.True(_register.MayBePruned(id));
    }
}
