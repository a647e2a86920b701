using System.Collections.Immutable;
using System.Text;
using Transactions.Model;

namespace Transactions.Participant;

/// <summary>Checks what a request carries against the limits, before anything is changed. A refusal names field, limit and remedy.</summary>
internal sealed class FieldChecks(ShardOptions options)
{
    private const int MaxCollectionLength = 63;

    public Refusal? Check(Operation operation) => operation switch
    {
        // One key is a Get's own field.
        Operation.Get get => Collection(get.Collection) ?? Keys(get.Keys, ofOne: "key"),
        Operation.Put put => Record(put.Record) ?? Value(put.Value),
        Operation.InsertIfAbsent insert => Record(insert.Record) ?? Value(insert.Value),
        Operation.Delete delete => Record(delete.Record),
        Operation.Scan scan => Range(scan.Range) ?? Limit(scan.Limit),
        _ => throw new InvalidOperationException($"No such operation: {operation.GetType().Name}."),
    };

    public Refusal? Check(SnapshotQuery query) => query switch
    {
        SnapshotQuery.Get get => Collection(get.Collection) ?? Keys(get.Keys, ofOne: "keys[0]"),
        SnapshotQuery.Scan scan => Range(scan.Range) ?? Limit(scan.Limit),
        _ => throw new InvalidOperationException($"No such query: {query.GetType().Name}."),
    };

    private Refusal? Record(RecordKey record) => Collection(record.Collection) ?? Key(record.Key, "key", options.MaxKeyBytes);

    private Refusal? Range(KeyRange range)
    {
        // A scan goes on from the successor of a key, which is one byte longer.
        Refusal? ends = Collection(range.Collection)
            ?? (range.From.Length == 0 ? null : Key(range.From, "from", options.MaxKeyBytes + 1))
            ?? (range.To is null ? null : Key(range.To, "to", options.MaxKeyBytes + 1));
        return ends ?? (range.To is not null && Utf8Order.Compare(range.From, range.To) > 0
            ? Refusal.Invalid("to", "to sorts before from; give the range's end at or above its beginning, or leave it out.")
            : null);
    }

    private Refusal? Keys(ImmutableArray<string> keys, string ofOne)
    {
        if (keys.IsDefaultOrEmpty)
        {
            return Refusal.Invalid("keys", "keys is empty; name at least one key.");
        }

        if (keys.Length > options.MaxKeysPerGet)
        {
            return Refusal.Invalid("keys", $"keys has {keys.Length} keys, over the limit of {options.MaxKeysPerGet}; read them in several calls.");
        }

        for (int i = 0; i < keys.Length; i++)
        {
            if (Key(keys[i], keys.Length == 1 ? ofOne : $"keys[{i}]", options.MaxKeyBytes) is { } refusal)
            {
                return refusal;
            }
        }

        return null;
    }

    private Refusal? Limit(int limit) => limit >= 1 && limit <= options.MaxScanLimit
        ? null
        : Refusal.Invalid("limit", $"limit is {limit}; give 1 to {options.MaxScanLimit}, and go on from the continuation.");

    private static Refusal? Collection(string collection)
    {
        bool isName = collection.Length is > 0 and <= MaxCollectionLength;
        foreach (char c in collection)
        {
            isName &= char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.';
        }

        return isName
            ? null
            : Refusal.Invalid(
                "collection",
                $"collection has {collection.Length} characters; give a name of 1 to {MaxCollectionLength} ASCII letters, digits, '_', '-' or '.'.");
    }

    private static Refusal? Key(string key, string field, int maxBytes)
    {
        if (key.Length == 0)
        {
            return Refusal.Invalid(field, $"{field} is empty; give 1 to {maxBytes} bytes of UTF-8.");
        }

        if (key.Contains('\0'))
        {
            return Refusal.Invalid(field, $"{field} has the character U+0000, which PostgreSQL can't store; leave it out.");
        }

        if (HasLoneSurrogate(key))
        {
            return Refusal.Invalid(field, $"{field} has half of a surrogate pair; give valid Unicode.");
        }

        int bytes = Encoding.UTF8.GetByteCount(key);
        return bytes <= maxBytes
            ? null
            : Refusal.Invalid(field, $"{field} has {bytes} bytes of UTF-8, over the limit of {maxBytes}; use a shorter one.");
    }

    private static bool HasLoneSurrogate(string text)
    {
        for (int i = 0; i < text.Length; i++)
        {
            if (char.IsHighSurrogate(text[i]) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1]))
            {
                i++;
            }
            else if (char.IsSurrogate(text[i]))
            {
                return true;
            }
        }

        return false;
    }

    private Refusal? Value(Document value)
    {
        if (value.Length > options.MaxValueBytes)
        {
            return Refusal.Invalid("value", $"value has {value.Length} bytes, over the limit of {options.MaxValueBytes}; store less under one key.");
        }

        return JsonCheck.FindFault(value.Utf8.Span, options.MaxValueDepth) is { } fault
            ? Refusal.Invalid("value", $"value {fault}; send one JSON document that PostgreSQL can store and cast to jsonb.")
            : null;
    }
}
