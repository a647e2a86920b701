using Xunit;

namespace Transactions.IntegrationTests.Faults;

/// <summary>A seed tells all faults.</summary>
[Trait("Category", "Faults")]
public sealed class FaultScheduleTests
{
    [Fact]
    public void Mixed_SameSeed_IsTheSameSchedule()
    {
        TimeSpan length = TimeSpan.FromMinutes(10);
        FaultSchedule schedule = FaultSchedule.Mixed(7, length);

        Assert.Equal(schedule.ToString(), FaultSchedule.Mixed(7, length).ToString());
        Assert.NotEqual(schedule.ToString(), FaultSchedule.Mixed(8, length).ToString());
        Assert.Equal(Enum.GetValues<FaultKind>().Length, schedule.Lanes.SelectMany(lane => lane).DistinctBy(fault => fault.Kind).Count());
    }
}
