using System.Globalization;
using System.Text;
using System.Text.Json;
using CsCheck;
using Xunit;

namespace Transactions.Participant.Tests;

[Trait("Rule", "X7")]
public sealed class JsonCheckTests
{
    private static readonly Gen<string> Scalars = Gen.OneOf(
        Gen.Const("null"),
        Gen.Const("true"),
        Gen.Double.Where(double.IsFinite).Select(number => number.ToString("R", CultureInfo.InvariantCulture)),
        Gen.Int.Select(number => number.ToString(CultureInfo.InvariantCulture)),
        Gen.String[Gen.Char['\u0001', '\uD7FF'], 0, 8].Select(text => JsonSerializer.Serialize(text)));

    private static readonly Gen<string> Documents = Gen.Recursive<string>((depth, inner) => depth > 3
        ? Scalars
        : Gen.OneOf(
            Scalars,
            inner.Array[0, 3].Select(items => $"[{string.Join(", ", items)}]"),
            inner.Array[0, 3].Select(items => $"{{{string.Join(",", items.Select((item, i) => $"\"k{i % 2}\" : {item}"))}}}")));

    [Fact]
    public void FindFault_AnyJson_None() =>
        Documents.Sample(json => Assert.Null(JsonCheck.FindFault(Encoding.UTF8.GetBytes(json), 128)), iter: 5_000);

    // What isn't JSON any more with one byte changed must be noticed; what still is, must pass.
    [Fact]
    public void FindFault_JsonWithAByteChanged_AsTheParserSays() => Gen.Select(Documents, Gen.Int[0, 1_000], Gen.Byte[0x20, 0x7E]).Sample(
        (json, place, value) =>
        {
            byte[] bytes = Encoding.UTF8.GetBytes(json);
            bytes[place % bytes.Length] = value;
            bool parses = Parses(bytes);
            string? fault = JsonCheck.FindFault(bytes, 128);
            Assert.True(parses || fault is not null, Encoding.UTF8.GetString(bytes));
            Assert.True(!parses || fault is null || fault.Contains("number", StringComparison.Ordinal) || fault.Contains("U+0000", StringComparison.Ordinal)
                || fault.Contains("surrogate", StringComparison.Ordinal), $"{Encoding.UTF8.GetString(bytes)}: {fault}");
        },
        iter: 20_000);

    [Theory]
    [InlineData("", "isn't valid JSON")]
    [InlineData("{", "isn't valid JSON")]
    [InlineData("1 2", "isn't valid JSON")]
    [InlineData("[1,]", "isn't valid JSON")]
    [InlineData("{\"a\":1,}", "isn't valid JSON")]
    [InlineData("// c\n1", "isn't valid JSON")]
    [InlineData("\uFEFF1", "isn't valid JSON")]
    [InlineData("NaN", "isn't valid JSON")]
    [InlineData("01", "isn't valid JSON")]
    [InlineData("\"\n\"", "isn't valid JSON")]
    [InlineData("\"a\\u0000b\"", "U+0000")]
    [InlineData("{\"a\\u0000\":1}", "U+0000")]
    [InlineData("\"\\ud800\"", "surrogate")]
    [InlineData("\"\\udc00\\ud800\"", "surrogate")]
    [InlineData("{\"\\ud800\":1}", "surrogate")]
    [InlineData("1e309", "range of a double")]
    [InlineData("-1e309", "range of a double")]
    [InlineData("[1e100000]", "range of a double")]
    [InlineData("1e-400", "range of a double")]
    [InlineData("[[[[1]]]]", "deeper than 3")]
    public void FindFault_Fault_SaysWhich(string json, string expected) =>
        Assert.Contains(expected, JsonCheck.FindFault(Encoding.UTF8.GetBytes(json), 3), StringComparison.Ordinal);

    [Theory]
    [InlineData("1e308")]
    [InlineData("5e-324")]
    [InlineData("0e-400")]
    [InlineData("-0.0")]
    [InlineData("\"\\ud83d\\ude00\"")]
    [InlineData("\"\\\\u0000\"")]
    [InlineData("{\"a\":1,\"a\":2}")]
    [InlineData("[[[1]]]")]
    public void FindFault_AtTheBound_None(string json) => Assert.Null(JsonCheck.FindFault(Encoding.UTF8.GetBytes(json), 3));

    [Fact]
    public void FindFault_NumberLength_BoundAt1000()
    {
        Assert.Null(JsonCheck.FindFault(Encoding.UTF8.GetBytes("0." + new string('1', 998)), 3));
        Assert.Contains(
            "1000", JsonCheck.FindFault(Encoding.UTF8.GetBytes("0." + new string('1', 999)), 3), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(new byte[] { 0x22, 0xFF, 0x22 })]
    [InlineData(new byte[] { 0x22, 0xED, 0xA0, 0x80, 0x22 })]
    [InlineData(new byte[] { 0x22, 0xC0, 0x80, 0x22 })]
    public void FindFault_NoUtf8_SaysSo(byte[] bytes) => Assert.Equal("isn't valid UTF-8", JsonCheck.FindFault(bytes, 3));

    private static bool Parses(byte[] bytes)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(bytes, new JsonDocumentOptions { MaxDepth = 128 });
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
