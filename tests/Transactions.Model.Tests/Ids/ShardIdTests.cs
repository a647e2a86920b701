using Xunit;

namespace Transactions.Model.Tests;

public sealed class ShardIdTests
{
    [Theory]
    [InlineData("payments/0")]
    [InlineData("a/9999")]
    [InlineData("eu-west_1.payments/12")]
    [InlineData("0/0")]
    public void Parse_GoodName_KeepsIt(string name)
    {
        ShardId id = ShardId.Parse(name);

        Assert.Equal(name, id.Value);
        Assert.Equal(name.Split('/')[0], id.Service);
    }

    [Theory]
    [InlineData("")]
    [InlineData("payments")]
    [InlineData("/0")]
    [InlineData("payments/")]
    [InlineData("payments/00")]
    [InlineData("payments/01")]
    [InlineData("payments/10000")]
    [InlineData("payments/-1")]
    [InlineData("payments/1/2")]
    [InlineData("payments/x")]
    [InlineData("Payments/0")]
    [InlineData("pay ments/0")]
    [InlineData("zahlüngen/0")]
    [InlineData("payments/٣")]
    public void Parse_BadName_IsRefused(string name)
    {
        Assert.Contains("payments/0", Assert.Throws<FormatException>(() => ShardId.Parse(name)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void TryParse_AtTheLimit_IsKeptAndBeyondIsRefused()
    {
        string longest = new string('a', ShardId.MaxLength - 2) + "/0";

        Assert.True(ShardId.TryParse(longest, out _));
        Assert.False(ShardId.TryParse("a" + longest, out _));
        Assert.False(ShardId.TryParse(null, out _));
    }

    [Fact]
    public void CompareTo_Names_IsOrdinal()
    {
        string[] sorted = [.. new[] { "b/0", "a/10", "a/2", "a-b/0" }.Select(ShardId.Parse).Order().Select(s => s.Value)];

        Assert.Equal(["a-b/0", "a/10", "a/2", "b/0"], sorted);
    }
}
