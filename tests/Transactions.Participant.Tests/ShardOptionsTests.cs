using Xunit;

namespace Transactions.Participant.Tests;

public sealed class ShardOptionsTests
{
    [Theory]
    [InlineData(1_024)]
    [InlineData(1 << 30)]
    public void Validate_MaxBatchBytesAtItsBounds_IsFine(int bytes) => new ShardOptions { MaxBatchBytes = bytes }.Validate();

    [Theory]
    [InlineData(1_023)]
    [InlineData((1 << 30) + 1)]
    public void Validate_MaxBatchBytesOutOfRange_NamesItsLimits(int bytes)
    {
        ArgumentException invalid = Assert.Throws<ArgumentException>(new ShardOptions { MaxBatchBytes = bytes }.Validate);

        Assert.Equal($"MaxBatchBytes is {bytes}; set it to at least 1024 and at most 1073741824.", invalid.Message);
    }
}
