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

    [Theory]
    [InlineData(1_000 + 1_000_000 + 1_024)]
    [InlineData(128 << 20)]
    public void Validate_MaxReplyBytesAtItsBounds_IsFine(int bytes) => Replies(bytes).Validate();

    [Theory]
    [InlineData(1_000 + 1_000_000 + 1_023)]
    [InlineData((128 << 20) + 1)]
    public void Validate_MaxReplyBytesOutOfRange_NamesItsLimits(int bytes)
    {
        ArgumentException invalid = Assert.Throws<ArgumentException>(Replies(bytes).Validate);

        Assert.Equal($"MaxReplyBytes is {bytes}; set it to at least 1002024 and at most 134217728.", invalid.Message);
    }

    private static ShardOptions Replies(int bytes) => new() { MaxKeyBytes = 1_000, MaxValueBytes = 1_000_000, MaxReplyBytes = bytes };
}
