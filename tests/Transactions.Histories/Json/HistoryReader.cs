using System.Collections.Immutable;
using System.Text;
using System.Text.Json;

namespace Transactions.Histories;

/// <summary>Reads histories from JSON: our own lines, or what Jepsen-like tools write as lines or as one array.</summary>
/// <remarks>
/// Without <c>index</c>, an event's place in the file is its index. Events whose process isn't a number (Jepsen's nemesis) are
/// left out; fields that aren't known are ignored. Keys may be strings or numbers, which are read as their text. The file is
/// read as a stream. Thread-safe: there is no state.
/// </remarks>
public static class HistoryReader
{
    private const int FirstBufferBytes = 64 * 1024;

    // Values one after another are JSON lines; a comma or bracket of an array is a token like others.
    private static readonly JsonReaderOptions Options = new() { AllowMultipleValues = true };

    /// <summary>Reads a history from text.</summary>
    /// <exception cref="HistoryFormatException">It isn't JSON, or not of a history.</exception>
    public static History FromText(string json)
    {
        using MemoryStream stream = new(Encoding.UTF8.GetBytes(json));
        return Read(stream);
    }

    /// <summary>Reads a history from a stream, which stays open.</summary>
    /// <exception cref="HistoryFormatException">It isn't JSON, or not of a history.</exception>
    /// <exception cref="IOException">The stream failed.</exception>
    public static History Read(Stream stream)
    {
        List<HistoryEvent> events = [];
        byte[] buffer = new byte[FirstBufferBytes];
        int filled = 0;
        bool isFinal = false;
        JsonReaderState state = new(Options);
        try
        {
            while (!isFinal)
            {
                int got = stream.Read(buffer.AsSpan(filled));
                isFinal = got == 0;
                filled += got;
                Utf8JsonReader reader = new(buffer.AsSpan(0, filled), isFinal, state);
                ReadEvents(ref reader, events);
                state = reader.CurrentState;
                int consumed = (int)reader.BytesConsumed;
                buffer.AsSpan(consumed, filled - consumed).CopyTo(buffer);
                filled -= consumed;
                if (filled == buffer.Length)
                {
                    Array.Resize(ref buffer, buffer.Length * 2);
                }
            }
        }
        catch (JsonException e)
        {
            throw new HistoryFormatException($"After {events.Count} events: {e.Message}", e);
        }

        return new History(events);
    }

    // Takes whole events only: what the buffer doesn't hold to its end is left for the next round.
    private static void ReadEvents(ref Utf8JsonReader reader, List<HistoryEvent> events)
    {
        while (true)
        {
            Utf8JsonReader ahead = reader;
            if (!ahead.Read())
            {
                return;
            }

            if (ahead.TokenType == JsonTokenType.StartObject)
            {
                Utf8JsonReader inside = ahead;
                if (!ahead.TrySkip())
                {
                    return;
                }

                if (ReadEvent(ref inside, events.Count) is { } e)
                {
                    events.Add(e);
                }
            }
            else if (ahead.TokenType is not (JsonTokenType.StartArray or JsonTokenType.EndArray) || ahead.CurrentDepth > 0)
            {
                throw new HistoryFormatException($"After {events.Count} events: {ahead.TokenType} where an event should stand.");
            }

            reader = ahead;
        }
    }

    private static HistoryEvent? ReadEvent(ref Utf8JsonReader reader, int place)
    {
        long index = place;
        EventType type = EventType.Unspecified;
        int? process = null;
        long time = 0;
        long? commit = null;
        long? snapshot = null;
        bool isStale = false;
        ImmutableArray<Operation>? operations = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string field = reader.GetString()!;
            reader.Read();
            switch (field)
            {
                case "index":
                    index = Number(ref reader, field);
                    break;
                case "type":
                    type = Type(ref reader);
                    break;
                case "process":
                    process = Process(ref reader);
                    reader.TrySkip();
                    break;
                case "time":
                    time = Number(ref reader, field);
                    break;
                case "commit":
                    commit = OptionalNumber(ref reader, field);
                    break;
                case "snapshot":
                    snapshot = OptionalNumber(ref reader, field);
                    break;
                case "stale":
                    isStale = reader.TokenType == JsonTokenType.True;
                    break;
                case "value":
                    operations = OperationReader.Read(ref reader);
                    break;
                default:
                    reader.TrySkip();
                    break;
            }
        }

        if (process is null)
        {
            return null;
        }

        if (operations is null)
        {
            throw new HistoryFormatException($"The event at index {index} isn't one of a transaction: its value is no list of operations.");
        }

        return new HistoryEvent(index, type, process.Value, time, operations.Value)
        {
            Commit = commit,
            Snapshot = snapshot,
            IsStale = isStale,
        };
    }

    private static EventType Type(ref Utf8JsonReader reader) => (reader.TokenType == JsonTokenType.String ? reader.GetString() : null) switch
    {
        "invoke" => EventType.Invoke,
        "ok" => EventType.Ok,
        "fail" => EventType.Fail,
        "info" => EventType.Info,
        string other => throw new HistoryFormatException($"An event's type is \"{other}\"."),
        null => throw new HistoryFormatException("An event's type is no text."),
    };

    // Null is somebody who runs no transactions.
    private static int? Process(ref Utf8JsonReader reader) =>
        reader.TokenType != JsonTokenType.Number ? null
        : reader.TryGetInt32(out int process) ? process
        : throw new HistoryFormatException("An event's process is no 32-bit integer.");

    private static long? OptionalNumber(ref Utf8JsonReader reader, string field) =>
        reader.TokenType == JsonTokenType.Null ? null : Number(ref reader, field);

    private static long Number(ref Utf8JsonReader reader, string field) =>
        reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out long number)
            ? number
            : throw new HistoryFormatException($"An event's {field} is no 64-bit integer.");
}
