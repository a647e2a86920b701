using Transactions.Model;
using Xunit;

namespace Transactions.Participant.Tests;

public sealed class FieldChecksTests
{
    private readonly FieldChecks _checks = new(new ShardOptions
    {
        MaxKeyBytes = 8,
        MaxValueBytes = 10,
        MaxKeysPerGet = 3,
        MaxScanLimit = 5,
        MaxValueDepth = 2,
    });

    [Theory]
    [InlineData("k", null)]
    [InlineData("12345678", null)]
    [InlineData("123456789", "key")]
    [InlineData("1234567\u00E9", "key")]
    [InlineData("123456\u00E9", null)]
    [InlineData("\U0001F600\U0001F600", null)]
    [InlineData("", "key")]
    [InlineData("a\0", "key")]
    public void Check_Key_AtItsBounds(string key, string? field)
    {
        Assert.Equal(field, _checks.Check(new Operation.Put(new RecordKey("t", key), Document.FromText("1")))?.Field);
        Assert.Equal(field, _checks.Check(new Operation.InsertIfAbsent(new RecordKey("t", key), Document.FromText("1")))?.Field);
        Assert.Equal(field, _checks.Check(new Operation.Delete(new RecordKey("t", key)))?.Field);
        Assert.Equal(field, _checks.Check(new Operation.Get("t", [key], false))?.Field);
        Assert.Equal(field is null ? null : "keys[0]", _checks.Check(new SnapshotQuery.Get("t", [key]))?.Field);
        Assert.Equal(field is null ? null : "keys[1]", _checks.Check(new Operation.Get("t", ["a", key], false))?.Field);
    }

    // Not in attributes, which are stored as UTF-8.
    [Fact]
    public void Check_HalfASurrogatePair_IsRefused()
    {
        foreach (string key in (string[])["a\uD800", "\uDC00", "\uD83Da", "\uDE00\uD83D"])
        {
            Assert.Contains("surrogate", _checks.Check(new Operation.Delete(new RecordKey("t", key)))?.Message, StringComparison.Ordinal);
            Assert.Equal("from", _checks.Check(new Operation.Scan(new KeyRange("t", key, null), 1))?.Field);
            Assert.Equal("to", _checks.Check(new Operation.Scan(new KeyRange("t", "", key), 1))?.Field);
        }
    }

    [Theory]
    [InlineData("a", true)]
    [InlineData("A-z_0.9", true)]
    [InlineData("", false)]
    [InlineData("a/b", false)]
    [InlineData("\u00E9", false)]
    [InlineData("a b", false)]
    public void Check_Collection_OnlyNames(string collection, bool isValid)
    {
        Assert.Equal(isValid ? null : "collection", _checks.Check(new Operation.Get(collection, ["k"], false))?.Field);
        Assert.Equal(isValid ? null : "collection", _checks.Check(new Operation.Scan(new KeyRange(collection, "", null), 1))?.Field);
    }

    [Fact]
    public void Check_CollectionLength_BoundAt63()
    {
        Assert.Null(_checks.Check(new Operation.Get(new string('c', 63), ["k"], false)));
        Assert.Equal("collection", _checks.Check(new Operation.Get(new string('c', 64), ["k"], false))?.Field);
    }

    [Fact]
    public void Check_Keys_CountIsBound()
    {
        Assert.Equal("keys", _checks.Check(new Operation.Get("t", [], false))?.Field);
        Assert.Equal("keys", _checks.Check(new Operation.Get("t", default, false))?.Field);
        Assert.Null(_checks.Check(new Operation.Get("t", ["a", "b", "c"], false)));
        Assert.Equal("keys", _checks.Check(new Operation.Get("t", ["a", "b", "c", "d"], false))?.Field);
    }

    [Theory]
    [InlineData("\"12345678\"", null)]
    [InlineData("\"123456789\"", "value")]
    [InlineData("[[1]]", null)]
    [InlineData("[[[1]]]", "value")]
    [InlineData("x", "value")]
    public void Check_Value_AtItsBounds(string json, string? field) =>
        Assert.Equal(field, _checks.Check(new Operation.Put(new RecordKey("t", "k"), Document.FromText(json)))?.Field);

    [Fact]
    public void Check_ValueWithoutBytes_IsRefused() =>
        Assert.Equal("value", _checks.Check(new Operation.Put(new RecordKey("t", "k"), default))?.Field);

    [Theory]
    [InlineData(0, "limit")]
    [InlineData(1, null)]
    [InlineData(5, null)]
    [InlineData(6, "limit")]
    [InlineData(-1, "limit")]
    public void Check_Limit_AtItsBounds(int limit, string? field)
    {
        Assert.Equal(field, _checks.Check(new Operation.Scan(new KeyRange("t", "", null), limit))?.Field);
        Assert.Equal(field, _checks.Check(new SnapshotQuery.Scan(new KeyRange("t", "", null), limit))?.Field);
    }

    [Theory]
    [InlineData("", null, null)]
    [InlineData("a", "a", null)]
    [InlineData("b", "a", "to")]
    [InlineData("\U0001F600", "\uFFFD", "to")]
    [InlineData("12345678\u0001", null, null)]
    [InlineData("12345678\u0001\u0001", null, "from")]
    [InlineData("", "123456789", null)]
    [InlineData("", "1234567890", "to")]
    [InlineData("", "", "to")]
    [InlineData("a\0", null, "from")]
    public void Check_Range_AtItsBounds(string from, string? to, string? field) =>
        Assert.Equal(field, _checks.Check(new Operation.Scan(new KeyRange("t", from, to), 1))?.Field);

    [Fact]
    public void Check_Refusal_NamesFieldLimitAndRemedy()
    {
        Refusal? refusal = _checks.Check(new Operation.Put(new RecordKey("t", "123456789"), Document.FromText("1")));

        Assert.Equal(RefusalStatus.InvalidArgument, refusal!.Status);
        Assert.Equal("key has 9 bytes of UTF-8, over the limit of 8; use a shorter one.", refusal.Message);
        Assert.False(refusal.MayRetry);
    }
}
