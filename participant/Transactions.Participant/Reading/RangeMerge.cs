using System.Collections.Immutable;

namespace Transactions.Participant;

/// <summary>Merges a range's versions from PostgreSQL with the overlay's and with the reader's own writes, in key order.</summary>
internal sealed class RangeMerge(
    KeyRange range, int limit, long maxBytes, SortedDictionary<string, RecordVersion> overlay, ShardTransaction? reader)
{
    private readonly ImmutableArray<Entry>.Builder _entries = ImmutableArray.CreateBuilder<Entry>();
    private string? _continuation;
    private long _bytes;

    /// <summary>What is still to be read.</summary>
    public KeyRange Remaining { get; private set; } = range;

    /// <summary>How many live records are still missing.</summary>
    public int Missing => limit - _entries.Count;

    public OperationResult.Scanned Result => new(_entries.ToImmutable(), _continuation);

    /// <summary>The least key above <paramref name="key"/>: no key has U+0000.</summary>
    public static string Successor(string key) => key + '\u0001';

    /// <summary>Takes the next part in; true when nothing more is needed.</summary>
    /// <param name="versions">The part, in key order.</param>
    /// <param name="isComplete">Whether it reaches the range's end.</param>
    public bool Add(ImmutableArray<RecordVersion> versions, bool isComplete)
    {
        isComplete |= versions.IsEmpty;
        KeyRange part = isComplete ? Remaining : Remaining with { To = Successor(versions[^1].Record.Key) };

        SortedDictionary<string, Entry?> merged = new(Utf8Order.Instance);
        foreach (RecordVersion version in versions)
        {
            merged[version.Record.Key] = ToEntry(version);
        }

        foreach ((string key, RecordVersion version) in overlay)
        {
            if (part.Contains(key) && (!merged.TryGetValue(key, out Entry? found) || IsNewer(version, found, versions)))
            {
                merged[key] = ToEntry(version);
            }
        }

        foreach (RecordWrite write in reader?.WritesIn(part) ?? [])
        {
            merged[write.Record.Key] = write.Value is { } value ? new Entry(write.Record.Key, value, default) : null;
        }

        return Take(merged, part, isComplete);
    }

    private bool Take(SortedDictionary<string, Entry?> merged, KeyRange part, bool isComplete)
    {
        foreach ((string key, Entry? entry) in merged)
        {
            if (entry is not { } live)
            {
                continue;
            }

            // At least one record is taken: a scan must get on.
            long bytes = _bytes + ReplySize.Of(live);
            if (Missing == 0 || (bytes > maxBytes && _entries.Count > 0))
            {
                _continuation = key;
                return true;
            }

            _entries.Add(live);
            _bytes = bytes;
        }

        if (isComplete)
        {
            return true;
        }

        Remaining = Remaining with { From = part.To! };
        if (Missing == 0 || _bytes >= maxBytes)
        {
            _continuation = part.To;
            return true;
        }

        return false;
    }

    private static bool IsNewer(RecordVersion version, Entry? found, ImmutableArray<RecordVersion> versions) =>
        found is { } entry
            ? version.CommitTimestamp > entry.CommitTimestamp
            : version.CommitTimestamp > versions.First(stored => stored.Record == version.Record).CommitTimestamp;

    private static Entry? ToEntry(RecordVersion version) =>
        version.Value is { } value ? new Entry(version.Record.Key, value, version.CommitTimestamp) : null;
}
