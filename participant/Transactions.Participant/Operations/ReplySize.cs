using System.Text;
using Transactions.Model;

namespace Transactions.Participant;

/// <summary>How large a reply is, against the limit: one that no client takes would break the stream that all share.</summary>
internal static class ReplySize
{
    // What frames a record on the wire, and its timestamp, with room to spare.
    private const int OverheadPerRecord = 64;

    public static long Of(Entry entry) => Encoding.UTF8.GetByteCount(entry.Key) + entry.Value.Length + OverheadPerRecord;

    /// <summary>Why a result can't be answered; null when it can.</summary>
    public static Refusal? FindRefusal(OperationResult result, ShardOptions options)
    {
        long bytes = result switch
        {
            OperationResult.Found found => found.Entries.Sum(entry => entry is { } there ? Of(there) : OverheadPerRecord),
            OperationResult.Scanned scanned => scanned.Entries.Sum(Of),
            OperationResult.Done or OperationResult.Inserted => 0,
            _ => throw new InvalidOperationException($"No such result: {result.GetType().Name}."),
        };
        return bytes <= options.MaxReplyBytes
            ? null
            : Refusal.Limit(
                "reply",
                $"The reply would have {bytes} bytes, over the limit of {options.MaxReplyBytes} (MaxReplyBytes); read fewer keys at once, "
                + "or raise the limit where a single record is as large.");
    }
}
