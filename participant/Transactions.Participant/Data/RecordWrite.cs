namespace Transactions.Participant;

/// <summary>What a transaction will write under a key: a value, or a tombstone where <paramref name="Value"/> is null.</summary>
public readonly record struct RecordWrite(RecordKey Record, Document? Value);
