using CsCheck;
using NodaTime;
using Transactions.Clocks;
using Xunit;

namespace Transactions.Model.Tests;

public sealed class RetryPolicyTests
{
    private static readonly Timestamp Now = Timestamp.FromMicroseconds(1_000_000_000);
    private static readonly RetryPolicy Policy = new()
    {
        BaseDelay = Duration.FromMilliseconds(10),
        MaxDelay = Duration.FromMilliseconds(200),
        MaxAttempts = 5,
    };

    [Theory]
    [InlineData(0, 0.5, 5)]
    [InlineData(1, 0.5, 10)]
    [InlineData(4, 0.5, 80)]
    [InlineData(5, 0.5, 100)]
    [InlineData(1_000_000, 0.5, 100)]
    [InlineData(3, 0.0, 0)]
    public void Delay_Attempt_DoublesToTheMaximum(int attempt, double chance, int milliseconds)
    {
        Assert.Equal(Duration.FromMilliseconds(milliseconds), Policy.Delay(attempt, chance));
    }

    [Fact]
    public void Delay_AnyChance_StaysBelowTheMaximum()
    {
        Gen.Select(Gen.Int[0, int.MaxValue], Gen.Double[0, 0.999999999]).Sample((attempt, chance) =>
        {
            Duration delay = Policy.Delay(attempt, chance);
            return delay >= Duration.Zero && delay < Policy.MaxDelay;
        });
    }

    [Theory]
    [InlineData(-1, 0.5)]
    [InlineData(0, 1.0)]
    [InlineData(0, -0.1)]
    public void Delay_OutOfRange_IsRefused(int attempt, double chance)
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => Policy.Delay(attempt, chance));
    }

    [Fact]
    public void TryNext_AtTheDeadline_GivesUp()
    {
        RetryAttempt first = RetryAttempt.First(Now);

        Assert.True(Policy.TryNext(first, 0.5, Now, Now.Plus(Duration.FromMilliseconds(6)), out Duration delay));
        Assert.Equal(Duration.FromMilliseconds(5), delay);
        Assert.False(Policy.TryNext(first, 0.5, Now, Now.Plus(Duration.FromMilliseconds(5)), out _));
    }

    [Fact]
    public void TryNext_LastAttempt_GivesUp()
    {
        Assert.True(Policy.TryNext(new RetryAttempt(3, Now), 0.0, Now, Timestamp.MaxValue, out _));
        Assert.False(Policy.TryNext(new RetryAttempt(4, Now), 0.0, Now, Timestamp.MaxValue, out _));
    }

    [Fact]
    [Trait("Rule", "X4")]
    public void Next_Attempt_KeepsTheFirstPriority()
    {
        Assert.Equal(new RetryAttempt(2, Now), RetryAttempt.First(Now).Next().Next());
    }

    [Fact]
    public void Validate_Ranges_AreChecked()
    {
        new RetryPolicy().Validate();
        Assert.Throws<ArgumentException>(() => (Policy with { BaseDelay = Duration.Zero }).Validate());
        Assert.Throws<ArgumentException>(() => (Policy with { MaxDelay = Duration.FromMilliseconds(9) }).Validate());
        Assert.Throws<ArgumentException>(() => (Policy with { MaxAttempts = 0 }).Validate());
    }
}
