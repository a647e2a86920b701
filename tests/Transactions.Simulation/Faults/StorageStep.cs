namespace Transactions.Simulation;

/// <summary>Every kind of storage effect, of coordinators and of shards.</summary>
internal enum StorageStep
{
    Record,
    ReadDecision,
    MarkApplied,
    FindUnapplied,
    PruneLog,
    ReadVersions,
    ReadOutcome,
    Persist,
    Apply,
    Reconcile,
    ReadShardRow,
    TakeOver,
    Load,
    Renew,
    HandBack,
    PruneShard,
}
