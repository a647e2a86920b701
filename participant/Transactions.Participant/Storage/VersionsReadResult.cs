using System.Collections.Immutable;
using Transactions.Clocks;

namespace Transactions.Participant;

/// <summary>What a read of versions found.</summary>
public abstract record VersionsReadResult
{
    /// <summary>Read, with the history horizon that the same statement saw (S2).</summary>
    /// <param name="Versions">The newest version of each record at or below the timestamp; a range's in key order.</param>
    /// <param name="Horizon">Reads below it may miss versions.</param>
    /// <param name="IsComplete">Of a range: whether it was read to its end, rather than cut by the limit, or for its size.</param>
    public sealed record Succeeded(ImmutableArray<RecordVersion> Versions, Timestamp Horizon, bool IsComplete) : VersionsReadResult;

    /// <summary>PostgreSQL failed or can't be reached.</summary>
    public sealed record Failed(string Message) : VersionsReadResult;
}
