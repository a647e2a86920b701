using Xunit;

namespace Transactions.IntegrationTests.Faults;

/// <summary>The small disk is full when it says so, and gone when nobody needs it.</summary>
[Trait("Category", "Faults")]
public sealed class SmallDiskTests
{
    [Fact]
    public async Task Fill_ThenFree_TakesAllRoomAndGivesItBack()
    {
        (SmallDisk? disk, string why) = await SmallDisk.TryMountAsync(megabytes: 4);
        Assert.False(disk is null && Environment.IsPrivilegedProcess && Environment.GetEnvironmentVariable("CI") == "true", why);
        Assert.SkipWhen(disk is null, $"The small disk can't be mounted here: {why}");
        string file = Path.Combine(disk.Path, "another");
        await using (disk)
        {
            disk.Fill();
            await Assert.ThrowsAsync<IOException>(() => File.WriteAllBytesAsync(file, new byte[4096], TestContext.Current.CancellationToken));
            disk.Free();
            await File.WriteAllBytesAsync(file, new byte[4096], TestContext.Current.CancellationToken);
        }

        Assert.False(Directory.Exists(disk.Path));
    }
}
