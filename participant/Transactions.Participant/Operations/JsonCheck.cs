using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace Transactions.Participant;

/// <summary>Finds what PostgreSQL's <c>json</c> would refuse, or a later cast to <c>jsonb</c> would choke on.</summary>
/// <remarks>
/// Refused here, at the operation, so that apply can't fail (X7): text that isn't one JSON value in valid UTF-8,
/// U+0000, lone surrogates, numbers outside a double's range or of over 1,000 characters, and deep nesting.
/// </remarks>
internal static class JsonCheck
{
    private const int MaxNumberLength = 1_000;

    /// <summary>What is wrong with a value; null when nothing is.</summary>
    public static string? FindFault(ReadOnlySpan<byte> utf8, int maxDepth)
    {
        if (!Utf8.IsValid(utf8))
        {
            return "isn't valid UTF-8";
        }

        Utf8JsonReader reader = new(utf8, new JsonReaderOptions { MaxDepth = maxDepth });
        try
        {
            while (reader.Read())
            {
                if (FindFault(ref reader) is { } fault)
                {
                    return $"{fault} (at byte {reader.TokenStartIndex})";
                }
            }
        }
        catch (JsonException invalid)
        {
            return invalid.Message.Contains("maximum configured depth", StringComparison.Ordinal)
                ? $"nests deeper than {maxDepth} levels"
                : $"isn't valid JSON: {FirstSentence(invalid.Message)}";
        }

        return null;
    }

    private static string? FindFault(ref Utf8JsonReader reader)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.String or JsonTokenType.PropertyName when reader.ValueIsEscaped:
                return FindEscapeFault(ref reader);

            case JsonTokenType.Number when reader.ValueSpan.Length > MaxNumberLength:
                return $"has a number of over {MaxNumberLength} characters";

            case JsonTokenType.Number when !IsWithinDouble(ref reader):
                return "has a number outside the range of a double";

            default:
                return null;
        }
    }

    private static string? FindEscapeFault(ref Utf8JsonReader reader)
    {
        try
        {
            return reader.GetString()!.Contains('\0') ? "has the character U+0000, which PostgreSQL can't store" : null;
        }
        catch (InvalidOperationException)
        {
            return "has half of a surrogate pair";
        }
    }

    private static bool IsWithinDouble(ref Utf8JsonReader reader)
    {
        if (!reader.TryGetDouble(out double value) || !double.IsFinite(value))
        {
            return false;
        }

        // A number too small for a double reads as zero; jsonb would keep all its digits, beyond what numeric can hold.
        return value != 0 || !HasNonZeroDigit(reader.ValueSpan);
    }

    private static bool HasNonZeroDigit(ReadOnlySpan<byte> number)
    {
        int exponent = number.IndexOfAny((byte)'e', (byte)'E');
        return (exponent < 0 ? number : number[..exponent]).ContainsAnyInRange((byte)'1', (byte)'9');
    }

    private static string FirstSentence(string message)
    {
        int end = message.IndexOf(". ", StringComparison.Ordinal);
        return end < 0 ? message : message[..(end + 1)];
    }
}
