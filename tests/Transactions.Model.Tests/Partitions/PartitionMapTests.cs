using System.Collections.Immutable;
using Xunit;

namespace Transactions.Model.Tests;

public sealed class PartitionMapTests
{
    [Fact]
    public void SingleShard_AnyKey_IsInShardZero()
    {
        PartitionMap map = PartitionMap.SingleShard("payments");

        Assert.Equal(1, map.Version);
        Assert.Equal(1_024, map.Count);
        Assert.Equal([ShardId.Parse("payments/0")], map.Shards);
        Assert.Equal(ShardId.Parse("payments/0"), map.ShardOf("account-1/x"));
    }

    [Fact]
    public void ShardOf_SplitMap_FollowsThePartition()
    {
        PartitionMap map = new("p", 2, [.. Enumerable.Range(0, Partition.Count).Select(i => ShardId.Parse($"p/{i % 3}"))]);

        Assert.Equal(ShardId.Parse($"p/{Partition.Of("abc").Number % 3}"), map.ShardOf("abc/1"));
        Assert.Equal(["p/0", "p/1", "p/2"], map.Shards.Select(s => s.Value));
    }

    [Fact]
    public void New_ForeignShard_IsRefused()
    {
        ImmutableArray<ShardId> shards = [.. Enumerable.Repeat(ShardId.Parse("pay-ments/0"), Partition.Count)];

        Assert.Throws<ArgumentException>(() => new PartitionMap("pay", 1, shards));
        Assert.Throws<ArgumentException>(() => new PartitionMap("pay", 1, shards.SetItem(7, default)));
    }

    [Fact]
    public void New_WrongCountOrVersion_IsRefused()
    {
        ImmutableArray<ShardId> shards = [.. Enumerable.Repeat(ShardId.Parse("p/0"), Partition.Count)];

        Assert.Throws<ArgumentException>(() => new PartitionMap("p", 1, shards.RemoveAt(0)));
        Assert.Throws<ArgumentException>(() => new PartitionMap("p", 1, default));
        Assert.Throws<ArgumentOutOfRangeException>(() => new PartitionMap("p", 0, shards));
    }

    [Fact]
    public void SingleShard_BadService_IsRefused()
    {
        Assert.Throws<FormatException>(() => PartitionMap.SingleShard("Payments"));
    }
}
