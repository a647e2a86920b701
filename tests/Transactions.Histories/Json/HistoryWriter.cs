using System.Collections.Immutable;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Transactions.Histories;

/// <summary>Writes histories as JSON. Thread-safe: there is no state.</summary>
public static class HistoryWriter
{
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Writes a history to a stream, which stays open.</summary>
    /// <exception cref="IOException">The stream failed; a part may be written.</exception>
    public static void Write(History history, Stream stream, HistoryFormat format = HistoryFormat.JsonLines)
    {
        IReadOnlyList<HistoryEvent> events = format switch
        {
            HistoryFormat.JsonLines => history.Events,
            HistoryFormat.PlainArray => PlainHistory.Of(history),
            HistoryFormat.Unspecified => throw new ArgumentOutOfRangeException(nameof(format)),
        };
        bool isArray = format == HistoryFormat.PlainArray;
        ReadOnlySpan<byte> separator = isArray ? ",\n"u8 : "\n"u8;
        using Utf8JsonWriter writer = new(stream, Options);
        if (isArray)
        {
            stream.Write("["u8);
        }

        for (int i = 0; i < events.Count; i++)
        {
            if (i > 0)
            {
                stream.Write(separator);
            }

            Write(writer, events[i]);
            writer.Flush();
            writer.Reset();
        }

        stream.Write(isArray ? "]\n"u8 : "\n"u8);
    }

    /// <summary>A history as text.</summary>
    public static string ToText(History history, HistoryFormat format = HistoryFormat.JsonLines)
    {
        using MemoryStream stream = new();
        Write(history, stream, format);
        return Encoding.UTF8.GetString(stream.GetBuffer().AsSpan(0, (int)stream.Length));
    }

    private static void Write(Utf8JsonWriter writer, HistoryEvent e)
    {
        writer.WriteStartObject();
        writer.WriteNumber("index", e.Index);
        writer.WriteString("type", e.Type switch
        {
            EventType.Invoke => "invoke",
            EventType.Ok => "ok",
            EventType.Fail => "fail",
            EventType.Info => "info",
            EventType.Unspecified => throw new HistoryFormatException("An event without a type can't be written."),
        });
        writer.WriteString("f", "txn");
        writer.WriteNumber("process", e.Process);
        writer.WriteNumber("time", e.Time);
        writer.WriteStartArray("value");
        foreach (Operation operation in e.Operations)
        {
            Write(writer, operation);
        }

        writer.WriteEndArray();
        if (e.Commit is { } commit)
        {
            writer.WriteNumber("commit", commit);
        }

        if (e.Snapshot is { } snapshot)
        {
            writer.WriteNumber("snapshot", snapshot);
        }

        if (e.IsStale)
        {
            writer.WriteBoolean("stale", true);
        }

        writer.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter writer, Operation operation)
    {
        writer.WriteStartArray();
        writer.WriteStringValue(operation.Kind switch
        {
            OperationKind.Append => "append",
            OperationKind.Write => "w",
            OperationKind.Read => "r",
            OperationKind.Scan => "scan",
            OperationKind.Unspecified => throw new HistoryFormatException("An operation without a kind can't be written."),
        });
        if (operation.Kind == OperationKind.Scan)
        {
            writer.WriteStartArray();
            writer.WriteStringValue(operation.Key);
            writer.WriteStringValue(operation.End);
            writer.WriteEndArray();
            WriteEntries(writer, operation.Entries);
        }
        else
        {
            writer.WriteStringValue(operation.Key);
            WriteValue(writer, operation.Value, operation.Elements);
        }

        writer.WriteEndArray();
    }

    private static void WriteEntries(Utf8JsonWriter writer, ImmutableArray<ScanEntry> entries)
    {
        if (entries.IsDefault)
        {
            writer.WriteNullValue();
            return;
        }

        writer.WriteStartArray();
        foreach (ScanEntry entry in entries)
        {
            writer.WriteStartArray();
            writer.WriteStringValue(entry.Key);
            WriteValue(writer, entry.Value, entry.Elements);
            writer.WriteEndArray();
        }

        writer.WriteEndArray();
    }

    private static void WriteValue(Utf8JsonWriter writer, long? value, ImmutableArray<long> elements)
    {
        if (!elements.IsDefault)
        {
            writer.WriteStartArray();
            foreach (long element in elements)
            {
                writer.WriteNumberValue(element);
            }

            writer.WriteEndArray();
        }
        else if (value is { } known)
        {
            writer.WriteNumberValue(known);
        }
        else
        {
            writer.WriteNullValue();
        }
    }
}
