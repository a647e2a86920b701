using System.Text;
using CsCheck;
using Xunit;

namespace Transactions.Participant.Tests;

public sealed class Utf8OrderTests
{
    // Around the places where UTF-16 and UTF-8 part: the surrogates and what lies above them in the first plane.
    private static readonly Gen<string> Texts = Gen.OneOf(
            Gen.Int[1, 0x7F],
            Gen.Int[0x80, 0x7FF],
            Gen.Int[0xD7F0, 0xD7FF],
            Gen.Int[0xE000, 0xE00F],
            Gen.Int[0xFFF0, 0xFFFF],
            Gen.Int[0x1_0000, 0x1_000F],
            Gen.Int[0x1_F600, 0x1_F60F],
            Gen.Int[0x10_FFF0, 0x10_FFFF])
        .Array[0, 4]
        .Select(points => string.Concat(points.Select(char.ConvertFromUtf32)));

    [Fact]
    public void Compare_AnyTexts_OrdersAsTheirBytes() => Gen.Select(Texts, Texts).Sample(
        (left, right) => Math.Sign(Utf8Order.Compare(left, right))
            == Math.Sign(Encoding.UTF8.GetBytes(left).AsSpan().SequenceCompareTo(Encoding.UTF8.GetBytes(right))),
        iter: 100_000);

    [Fact]
    public void Compare_SurrogatesAndReplacementCharacter_OrderedByCodePoint()
    {
        Assert.True(Utf8Order.Compare("\uFFFD", "\U0001F600") < 0);
        Assert.True(string.CompareOrdinal("\uFFFD", "\U0001F600") > 0);
    }

    [Fact]
    public void Compare_Prefix_SortsFirst()
    {
        Assert.True(Utf8Order.Compare("a", "ab") < 0);
        Assert.True(Utf8Order.Compare("", "a") < 0);
        Assert.Equal(0, Utf8Order.Compare("ab", "ab"));
    }

    [Fact]
    public void CompareTo_RecordKeys_CollectionFirst()
    {
        Assert.True(new RecordKey("a", "z").CompareTo(new RecordKey("b", "a")) < 0);
        Assert.True(new RecordKey("a", "\uFFFD").CompareTo(new RecordKey("a", "\U0001F600")) < 0);
    }

    [Fact]
    public void Contains_Range_EndsAreInAndOut()
    {
        KeyRange range = new("t", "b", "d");

        Assert.True(range.Contains("b") && range.Contains("c\uFFFF"));
        Assert.False(range.Contains("a\uFFFF") || range.Contains("d"));
        Assert.False(range.Contains(new RecordKey("u", "c")));
        Assert.True(new KeyRange("t", "", null).Contains("\U0010FFFF"));
    }
}
