using System.Collections.Immutable;

namespace Transactions.Coordinator;

/// <summary>How a batch of decisions fared in PostgreSQL.</summary>
public abstract record RecordResult
{
    /// <summary>Committed and acknowledged: what the register holds for each decision, in the order they were given.</summary>
    public sealed record Committed(ImmutableArray<RegisterContent> Contents) : RecordResult;

    /// <summary>Certainly nothing was written: rolled back, or never sent.</summary>
    /// <param name="IsTransient">Whether the same may succeed when tried again (a deadlock, a full pool, no connection).</param>
    /// <param name="Message">For people.</param>
    public sealed record RolledBack(bool IsTransient, string Message) : RecordResult;

    /// <summary>Sent, and its answer lost or acknowledged with a warning: it may or may not be written (D1, D2).</summary>
    public sealed record Ambiguous(string Message) : RecordResult;
}
