using NodaTime;
using Transactions.TestKit.Clocks;
using Xunit;

namespace Transactions.Clocks.Tests;

/// <summary>T2, and T3 where the clock below has no bounds.</summary>
public sealed class HybridClockTests
{
    private static readonly Duration MaxOffset = Duration.FromMilliseconds(500);

    private readonly ManualClock _clock = new();

    private HybridClock Hybrid => field ??= new HybridClock(_clock, MaxOffset);

    [Fact]
    public void Tick_ClockStandsStill_RisesByOneAndThenFollowsTheClock()
    {
        Assert.Equal(_clock.Now, Hybrid.Tick());
        Assert.Equal(_clock.Now.Next(), Hybrid.Tick());

        _clock.Advance(Duration.FromMilliseconds(1));
        Assert.Equal(_clock.Now, Hybrid.Tick());

        _clock.Now = _clock.Now.Minus(Duration.FromSeconds(9));
        Assert.Equal(_clock.Now.Plus(Duration.FromSeconds(9)).Next(), Hybrid.Tick());
    }

    [Fact]
    public void Tick_StartedAboveALease_IsAboveIt()
    {
        Timestamp lease = _clock.Now.Plus(Duration.FromSeconds(10));

        // L3
        Assert.Equal(lease.Next(), new HybridClock(_clock, MaxOffset, lease).Tick());
    }

    [Fact]
    public async Task TickAndObserve_UnderThreads_GiveDistinctTimestampsThatRiseInEachThread()
    {
        const int threads = 4;
        const int each = 50_000;
        HybridClock hybrid = Hybrid;
        using var start = new Barrier(threads);

        Timestamp[][] given = await Task.WhenAll(Enumerable.Range(0, threads).Select(thread => Task.Factory.StartNew(
            () =>
            {
                var ticks = new Timestamp[each];
                start.SignalAndWait();
                for (int i = 0; i < each; i++)
                {
                    ticks[i] = hybrid.Tick();
                    if (i % 64 == thread)
                    {
                        Timestamp seen = ticks[i].Plus(Duration.FromTicks(50));
                        Assert.True(hybrid.TryObserve(seen));
                        Assert.True(hybrid.Last >= seen);
                        _clock.Advance(Duration.FromTicks(10));
                    }
                }

                return ticks;
            },
            TestContext.Current.CancellationToken,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default)));

        foreach (Timestamp[] ticks in given)
        {
            Assert.True(ticks.Zip(ticks.Skip(1)).All(pair => pair.First < pair.Second));
        }

        Assert.Equal(threads * each, given.SelectMany(ticks => ticks).Distinct().Count());
        Assert.True(hybrid.Last >= given.Max(ticks => ticks[^1]));
    }

    [Fact]
    public void TickAndObserve_HealthyClock_AllocateNothing()
    {
        HybridClock hybrid = Hybrid;
        Use(hybrid);
        long before = GC.GetAllocatedBytesForCurrentThread();

        for (int i = 0; i < 1_000; i++)
        {
            Use(hybrid);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);

        static void Use(HybridClock hybrid)
        {
            hybrid.TryObserve(hybrid.Tick().Next());
            hybrid.ObserveDecided(hybrid.Last.Next());
        }
    }

    [Fact]
    public void TryObserve_WithinTheOffset_IsAdopted()
    {
        Timestamp limit = _clock.Now().Latest.Plus(MaxOffset);

        Assert.True(Hybrid.TryObserve(limit));
        Assert.Equal(limit, Hybrid.Last);
        Assert.Equal(limit.Next(), Hybrid.Tick());
    }

    [Fact]
    public void TryObserve_BeyondTheOffset_IsRefusedAndNeverAdopted()
    {
        Timestamp last = Hybrid.Tick();

        Assert.False(Hybrid.TryObserve(_clock.Now().Latest.Plus(MaxOffset).Next()));
        Assert.False(Hybrid.TryObserve(Timestamp.MaxValue));
        Assert.Equal(last, Hybrid.Last);
        Assert.Equal(last.Next(), Hybrid.Tick());
    }

    [Fact]
    public void TryObserve_Older_ChangesNothing()
    {
        Timestamp last = Hybrid.Tick();

        Assert.True(Hybrid.TryObserve(last.Minus(Duration.FromDays(1))));
        Assert.Equal(last, Hybrid.Last);
    }

    [Fact]
    public void ObserveDecided_WithinTheOffset_IsAdoptedAtOnce()
    {
        Timestamp commit = _clock.Now().Latest.Plus(MaxOffset);

        Assert.Equal(Duration.Zero, Hybrid.ObserveDecided(commit));
        Assert.Equal(commit, Hybrid.Last);
    }

    [Fact]
    public void ObserveDecided_BeyondTheOffset_WaitsAndThenAdopts()
    {
        Timestamp commit = _clock.Now().Latest.Plus(MaxOffset).Plus(Duration.FromSeconds(3));
        Timestamp last = Hybrid.Tick();

        Duration wait = Hybrid.ObserveDecided(commit);
        Assert.InRange(wait, Duration.FromSeconds(3), Duration.FromMilliseconds(3_001));
        Assert.Equal(last, Hybrid.Last);

        _clock.Advance(wait);
        Assert.Equal(Duration.Zero, Hybrid.ObserveDecided(commit));
        Assert.True(Hybrid.Tick() > commit);
    }

    [Fact]
    public void AnyOfThem_UnhealthyClock_ThrowAndAdoptNothing()
    {
        Timestamp last = Hybrid.Tick();
        _clock.Fail();

        Assert.Throws<ClockUnhealthyException>(() => Hybrid.Tick());
        Assert.Throws<ClockUnhealthyException>(() => Hybrid.TryObserve(last.Next()));
        Assert.Throws<ClockUnhealthyException>(() => Hybrid.ObserveDecided(last.Next()));
        Assert.True(Hybrid.TryObserve(last));
        Assert.Equal(Duration.Zero, Hybrid.ObserveDecided(last));
        Assert.Equal(last, Hybrid.Last);
    }

    [Fact]
    public void Tick_EveryTime_ReadsTheClockAfresh()
    {
        // T4
        Hybrid.Tick();
        Hybrid.Tick();

        Assert.Equal(2, _clock.Reads);
    }

    [Fact]
    public void Tick_AtMaxValue_Throws() =>
        Assert.Throws<OverflowException>(() => new HybridClock(_clock, MaxOffset, Timestamp.MaxValue).Tick());

    [Fact]
    public void Constructor_OffsetNotPositive_Throws() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new HybridClock(_clock, Duration.Zero));
}
