using CsCheck;
using Xunit;

namespace Transactions.Clocks.Tests;

/// <summary>T1 and T2 for one machine: <c>next = max(last + 1, now &lt;&lt; 10)</c>.</summary>
public sealed class TimestampSequenceTests
{
    [Fact]
    public void Tick_ClockAhead_TakesTheReadingWithoutItsCounter()
    {
        var sequence = new TimestampSequence();

        Assert.Equal(Timestamp.FromMicroseconds(50), sequence.Tick(Timestamp.FromMicroseconds(50, 900)));
        Assert.Equal(Timestamp.FromMicroseconds(50), sequence.Last);
    }

    [Fact]
    public void Tick_ClockStandsStill_CountsAndCarriesAt1024()
    {
        var sequence = new TimestampSequence();
        Timestamp now = Timestamp.FromMicroseconds(50);
        for (int i = 0; i < 1024; i++)
        {
            Assert.Equal(Timestamp.FromMicroseconds(50, i), sequence.Tick(now));
        }

        Assert.Equal(Timestamp.FromMicroseconds(51), sequence.Tick(now));

        // The clock has only caught up with what is already given.
        Assert.Equal(Timestamp.FromMicroseconds(51, 1), sequence.Tick(Timestamp.FromMicroseconds(51)));
    }

    [Fact]
    public void Tick_AfterAnyReadingsAndObservations_IsAboveAllOfThem() =>
        Gen.Select(Gen.Bool, Gen.Long[-5_000, 200_000]).Array.Sample(steps =>
        {
            var sequence = new TimestampSequence();
            Timestamp highest = Timestamp.Zero;
            foreach ((bool observe, long value) in steps)
            {
                var timestamp = new Timestamp(value);
                if (observe)
                {
                    sequence.Observe(timestamp);
                    highest = Timestamp.Max(highest, timestamp);
                }
                else
                {
                    Timestamp given = sequence.Tick(timestamp);
                    Assert.True(given > highest);
                    Assert.True(given.Microseconds >= timestamp.Microseconds);
                    highest = given;
                }

                Assert.Equal(highest, sequence.Last);
            }
        });

    [Fact]
    public void Tick_AtMaxValue_ThrowsAndChangesNothing()
    {
        var sequence = new TimestampSequence(Timestamp.MaxValue);

        Assert.Throws<OverflowException>(() => sequence.Tick(Timestamp.Zero));
        Assert.Equal(Timestamp.MaxValue, sequence.Last);
    }
}
