using Transactions.Clocks;

namespace Transactions.Participant;

/// <summary>A committed value, or a tombstone where <paramref name="Value"/> is null, at its commit timestamp (<em>versioned value</em>).</summary>
public readonly record struct RecordVersion(RecordKey Record, Timestamp CommitTimestamp, Document? Value);
