using NodaTime;
using Xunit;

namespace Transactions.Clocks.Tests.Sources;

/// <summary>T3 for the kernel: which answers give bounds, and which are refused.</summary>
public sealed class KernelTimexTests
{
    private static readonly Duration Limit = Duration.FromMilliseconds(250);

    [Fact]
    public void Parse_Nanoseconds_ReadsEveryField()
    {
        KernelTimex timex = KernelTimex.Parse(new TimexBytes().ToArray(), 0);

        Assert.Equal(0, timex.ReturnCode);
        Assert.Equal(0x2001, timex.Status);
        Assert.Equal(1_733, timex.MaxErrorMicroseconds);
        Assert.Equal("2026-11-23T12:45:10.123456Z", Timestamp.FromMicroseconds(timex.Microseconds).ToString());
        Assert.True(timex.Judge(Limit).IsHealthy);
    }

    [Fact]
    public void Parse_Microseconds_ReadsTheSameTime()
    {
        var micro = new TimexBytes { Status = TimexBytes.Pll, Fraction = 123_456 };

        KernelTimex timex = KernelTimex.Parse(micro.ToArray(), 0);

        Assert.Equal(KernelTimex.Parse(new TimexBytes().ToArray(), 0).Microseconds, timex.Microseconds);
        Assert.True(timex.Judge(Limit).IsHealthy);
    }

    [Fact]
    public void Parse_TooFewBytes_Throws() =>
        Assert.Throws<ArgumentException>(() => KernelTimex.Parse(new byte[207], 0));

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    public void Judge_LeapSecondAnnouncedOrOver_IsHealthy(int returnCode) =>
        Assert.True(Judge(new TimexBytes { ReturnCode = returnCode }).IsHealthy);

    [Fact]
    public void Judge_LeapSecondInProgress_IsRefused() =>
        Assert.Equal(ClockUnhealthyReason.WentBackwards, Judge(new TimexBytes { ReturnCode = 3 }).Reason);

    [Fact]
    public void Judge_UnsynchronisedMachine_IsRefusedWithARemedy()
    {
        ClockHealth health = Judge(TimexBytes.UnsynchronisedMachine);

        Assert.Equal(ClockUnhealthyReason.Unsynchronised, health.Reason);
        Assert.Contains("chrony", health.Message, StringComparison.Ordinal);
        Assert.Contains("rtcsync", health.Message, StringComparison.Ordinal);
        Assert.Contains("ClockOptions.Source = Fixed", health.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(5, TimexBytes.Nano, 1_733)]
    [InlineData(0, TimexBytes.Nano | TimexBytes.Unsynchronised, 1_733)]
    [InlineData(0, TimexBytes.Nano | TimexBytes.ClockError, 1_733)]
    [InlineData(0, TimexBytes.Nano, -1)]
    public void Judge_AnyOneSign_IsRefusedAsUnsynchronised(int returnCode, int status, long maxError) => Assert.Equal(
        ClockUnhealthyReason.Unsynchronised,
        Judge(new TimexBytes { ReturnCode = returnCode, Status = status, MaxError = maxError }).Reason);

    [Theory]
    [InlineData(-1, 1_795_437_910, 0)]
    [InlineData(6, 1_795_437_910, 0)]
    [InlineData(0, -1, 0)]
    [InlineData(0, long.MaxValue, 0)]
    [InlineData(0, 1_795_437_910, -1)]
    [InlineData(0, 1_795_437_910, 1_000_000_000)]
    public void Judge_NoUsableTime_IsUnavailable(int returnCode, long seconds, long fraction) => Assert.Equal(
        ClockUnhealthyReason.Unavailable,
        Judge(new TimexBytes { ReturnCode = returnCode, Seconds = seconds, Fraction = fraction }).Reason);

    [Fact]
    public void Judge_BoundAtTheLimit_IsHealthyAndOneMoreIsNot()
    {
        Assert.True(Judge(new TimexBytes { MaxError = 250_000 }).IsHealthy);

        ClockHealth over = Judge(new TimexBytes { MaxError = 250_001 });
        Assert.Equal(ClockUnhealthyReason.OverLimit, over.Reason);
        Assert.Contains("250001 µs", over.Message, StringComparison.Ordinal);
        Assert.Contains("MaxUncertainty", over.Message, StringComparison.Ordinal);
    }

    private static ClockHealth Judge(TimexBytes timex) =>
        KernelTimex.Parse(timex.ToArray(), timex.ReturnCode).Judge(Limit);
}
