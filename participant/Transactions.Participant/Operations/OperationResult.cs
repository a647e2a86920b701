using System.Collections.Immutable;

namespace Transactions.Participant;

/// <summary>What an operation found or did.</summary>
public abstract record OperationResult
{
    /// <summary>Of Get: one element for each key asked, null where there is no value.</summary>
    public sealed record Found(ImmutableArray<Entry?> Entries) : OperationResult;

    /// <summary>Of Scan: the records in key order.</summary>
    /// <param name="Entries">At most as many as asked.</param>
    /// <param name="Continuation">The key to go on from, where the limit, by count or by bytes, cut it short; null at the end of the range.</param>
    public sealed record Scanned(ImmutableArray<Entry> Entries, string? Continuation) : OperationResult;

    /// <summary>Of Put and Delete: done.</summary>
    public sealed record Done : OperationResult
    {
        /// <summary>The one instance.</summary>
        public static Done Instance { get; } = new();
    }

    /// <summary>Of InsertIfAbsent: whether it was absent, and so written.</summary>
    public sealed record Inserted(bool WasAbsent) : OperationResult;
}
