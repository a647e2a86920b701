using System.Collections.Immutable;
using System.Text;
using System.Text.Json;

namespace Transactions.Histories;

/// <summary>Reads the micro-operations of an event; the reader stands on the first token of its value.</summary>
internal static class OperationReader
{
    /// <summary>The operations, or null if this is no list of operations; the reader stands on the value's last token then.</summary>
    public static ImmutableArray<Operation>? Read(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            reader.TrySkip();
            return null;
        }

        ImmutableArray<Operation>.Builder operations = ImmutableArray.CreateBuilder<Operation>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            operations.Add(ReadOne(ref reader));
        }

        return operations.DrainToImmutable();
    }

    private static Operation ReadOne(ref Utf8JsonReader reader)
    {
        Expect(ref reader, JsonTokenType.StartArray);
        reader.Read();
        Expect(ref reader, JsonTokenType.String);
        string kind = reader.GetString()!;
        reader.Read();
        Operation operation = kind switch
        {
            "append" => ReadAppend(ref reader),
            "w" => Operation.Write(Key(ref reader), Next(ref reader).Value),
            "r" => ReadRead(ref reader),
            "scan" => ReadScan(ref reader),
            _ => throw new HistoryFormatException($"\"{kind}\" is no operation that this checker knows."),
        };
        reader.Read();
        Expect(ref reader, JsonTokenType.EndArray);
        return operation;
    }

    private static Operation ReadAppend(ref Utf8JsonReader reader)
    {
        string key = Key(ref reader);
        return Operation.Append(key, Next(ref reader).Value ?? throw new HistoryFormatException($"An append to {key} has no element."));
    }

    private static Operation ReadRead(ref Utf8JsonReader reader)
    {
        string key = Key(ref reader);
        (long? value, ImmutableArray<long> elements) = Next(ref reader);
        return elements.IsDefault ? Operation.Read(key, value) : Operation.Read(key, elements);
    }

    private static Operation ReadScan(ref Utf8JsonReader reader)
    {
        Expect(ref reader, JsonTokenType.StartArray);
        reader.Read();
        string start = Key(ref reader);
        reader.Read();
        string? end = reader.TokenType == JsonTokenType.Null ? null : Key(ref reader);
        reader.Read();
        Expect(ref reader, JsonTokenType.EndArray);
        reader.Read();
        if (reader.TokenType == JsonTokenType.Null)
        {
            return Operation.Scan(start, end);
        }

        Expect(ref reader, JsonTokenType.StartArray);
        ImmutableArray<ScanEntry>.Builder entries = ImmutableArray.CreateBuilder<ScanEntry>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            Expect(ref reader, JsonTokenType.StartArray);
            reader.Read();
            string key = Key(ref reader);
            (long? value, ImmutableArray<long> elements) = Next(ref reader);
            entries.Add(value is { } known ? new ScanEntry(key, known)
                : !elements.IsDefaultOrEmpty ? new ScanEntry(key, elements)
                : throw new HistoryFormatException($"A scan returned {key} without a value: an absent key has no entry."));
            reader.Read();
            Expect(ref reader, JsonTokenType.EndArray);
        }

        return Operation.Scan(start, end, entries.DrainToImmutable());
    }

    // Keys of outside histories are often numbers.
    private static string Key(ref Utf8JsonReader reader) => reader.TokenType switch
    {
        JsonTokenType.String => reader.GetString()!,
        JsonTokenType.Number => Encoding.UTF8.GetString(reader.ValueSpan),
        _ => throw new HistoryFormatException($"A key is a {reader.TokenType}."),
    };

    private static (long? Value, ImmutableArray<long> Elements) Next(ref Utf8JsonReader reader)
    {
        reader.Read();
        switch (reader.TokenType)
        {
            case JsonTokenType.Null:
                return (null, default);
            case JsonTokenType.Number:
                return (Integer(ref reader), default);
            default:
                Expect(ref reader, JsonTokenType.StartArray);
                ImmutableArray<long>.Builder elements = ImmutableArray.CreateBuilder<long>();
                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                {
                    elements.Add(Integer(ref reader));
                }

                return (null, elements.DrainToImmutable());
        }
    }

    private static long Integer(ref Utf8JsonReader reader) =>
        reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out long number)
            ? number
            : throw new HistoryFormatException($"A value is a {reader.TokenType}, not a 64-bit integer.");

    private static void Expect(ref Utf8JsonReader reader, JsonTokenType token)
    {
        if (reader.TokenType != token)
        {
            throw new HistoryFormatException($"{reader.TokenType} stands where {token} should, in an operation.");
        }
    }
}
