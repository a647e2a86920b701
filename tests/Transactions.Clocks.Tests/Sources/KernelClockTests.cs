using Microsoft.Extensions.Time.Testing;
using NodaTime;
using Xunit;

namespace Transactions.Clocks.Tests.Sources;

public sealed class KernelClockTests
{
    private static readonly Duration Limit = Duration.FromMilliseconds(250);

    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2001, 2, 3, 0, 0, 0, TimeSpan.Zero));

    private TimexBytes _kernel = new();

    [Fact]
    public void Read_Healthy_TakesTimeAndBoundFromTheOneCall()
    {
        ClockReading reading = Clock().Read();

        Timestamp now = Timestamp.Parse("2026-11-23T12:45:10.123456Z");
        Assert.Equal(now, reading.Now);
        Assert.Equal(now.Minus(Duration.FromTicks(17_330)), reading.Earliest);
        Assert.Equal(now.Plus(Duration.FromTicks(17_340)), reading.Latest);
    }

    [Fact]
    public void Read_Unsynchronised_ShowsTheTimeAndGivesNoBounds()
    {
        _kernel = TimexBytes.UnsynchronisedMachine;

        ClockReading reading = Clock().Read();

        Assert.Equal(ClockUnhealthyReason.Unsynchronised, reading.Health.Reason);
        Assert.Equal("2026-11-23T12:45:10.123456Z", reading.Now.ToString());
        Assert.Throws<InvalidOperationException>(() => reading.Interval);
        Assert.Throws<ClockUnhealthyException>(() => ClockStartup.EnsureHealthy(Clock()));
    }

    [Fact]
    public void Read_CallRefused_IsUnavailableAndShowsTheSystemClock()
    {
        _kernel = new TimexBytes { ReturnCode = -1, Seconds = -1 };

        ClockReading reading = Clock().Read();

        Assert.Equal(ClockUnhealthyReason.Unavailable, reading.Health.Reason);
        Assert.Equal("2001-02-03T00:00:00.000000Z", reading.Now.ToString());
    }

    [Fact]
    public void Read_NotLinux_IsUnavailableAndNamesTheRemedy()
    {
        ClockReading reading = new KernelClock(_time, Limit, _ => throw new PlatformNotSupportedException()).Read();

        Assert.Equal(ClockUnhealthyReason.Unavailable, reading.Health.Reason);
        Assert.Contains("64-bit Linux", reading.Health.Message, StringComparison.Ordinal);
        Assert.Contains("Source = Fixed", reading.Health.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_SetBackBeyondTheBounds_IsUnhealthy()
    {
        KernelClock clock = Clock();
        Assert.True(clock.Read().IsHealthy);

        _kernel = _kernel with { Seconds = _kernel.Seconds - 1 };
        Assert.Equal(ClockUnhealthyReason.WentBackwards, clock.Read().Health.Reason);

        _kernel = _kernel with { Seconds = _kernel.Seconds + 1 };
        Assert.True(clock.Read().IsHealthy);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(500)]
    [InlineData(32_000)]
    public void Read_DaemonThatGivesNoError_IsRefusedFromTheStart(long maxError)
    {
        _kernel = _kernel with { MaxError = maxError };

        ClockReading reading = Clock().Read();

        Assert.Equal(ClockUnhealthyReason.Unsynchronised, reading.Health.Reason);
        Assert.Contains("systemd-timesyncd", reading.Health.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_MeasuredErrorOfWholeSteps_IsHealthyOnceTheDaemonIsKnown()
    {
        KernelClock clock = Clock();
        Assert.True(clock.Read().IsHealthy);

        _kernel = _kernel with { MaxError = 1_500 };
        Assert.True(clock.Read().IsHealthy);
    }

    [Fact]
    public void Read_DaemonReplacedByOneThatGivesNoError_IsRefusedFromThenOn()
    {
        KernelClock clock = Clock();
        Assert.True(clock.Read().IsHealthy);

        foreach (long maxError in (long[])[0, 500, 1_000])
        {
            _kernel = _kernel with { MaxError = maxError };
            Assert.Equal(ClockUnhealthyReason.Unsynchronised, clock.Read().Health.Reason);
        }
    }

    [Fact]
    public void Read_Twice_AsksTheKernelTwice()
    {
        // T4
        int calls = 0;
        var clock = new KernelClock(_time, Limit, bytes =>
        {
            calls++;
            return _kernel.Write(bytes);
        });

        clock.Read();
        clock.Read();

        Assert.Equal(2, calls);
    }

    [Fact]
    public void Read_Healthy_AllocatesNothing()
    {
        KernelClock clock = Clock();
        Assert.True(clock.Read().IsHealthy);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1_000; i++)
        {
            clock.Read();
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void Adjtimex_OfTheRealKernel_AllocatesNothing()
    {
        Assert.True(OperatingSystem.IsLinux(), "These tests run on Linux.");
        Call();
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1_000; i++)
        {
            Call();
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);

        static void Call()
        {
            Span<byte> timex = stackalloc byte[KernelTimex.Size];
            timex.Clear();
            LinuxTime.Adjtimex(timex);
        }
    }

    [Fact]
    public void Read_OfTheRealKernel_AgreesWithItsReturnCode()
    {
        Span<byte> bytes = stackalloc byte[KernelTimex.Size];
        bytes.Clear();
        KernelTimex timex = KernelTimex.Parse(bytes, LinuxTime.Adjtimex(bytes));
        long before = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();

        ClockReading reading = new KernelClock(TimeProvider.System, Limit).Read();

        // Whether this machine is synchronised is its own affair; that the two agree is ours.
        if (timex.ReturnCode is < 0 or 5)
        {
            Assert.False(reading.IsHealthy);
        }
        else
        {
            Assert.True(reading.IsHealthy || reading.Health.Reason != ClockUnhealthyReason.Unavailable, reading.Health.Message);
        }

        Assert.InRange(reading.Now.Microseconds / 1_000, before - 1_000, before + 60_000);
    }

    private KernelClock Clock() => new(_time, Limit, bytes => _kernel.Write(bytes));
}
