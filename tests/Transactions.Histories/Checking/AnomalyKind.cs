namespace Transactions.Histories;

/// <summary>What can be wrong with a history. The README tells what each means; <see cref="AnomalyNames"/> how it is written.</summary>
public enum AnomalyKind
{
    Unspecified = 0,

    // Wrong in themselves.
    Internal = 1,
    GarbageRead = 2,
    DuplicateElements = 3,
    IncompatibleOrder = 4,
    G1a = 5,
    G1b = 6,
    DirtyUpdate = 7,
    LostUpdate = 8,
    LostWrite = 9,
    StaleRead = 10,

    // Against the timestamps that were recorded.
    SnapshotRead = 20,
    TimestampRead = 21,
    TimestampOrder = 22,
    ExternalConsistency = 23,

    // Cycles of what depends on what.
    G0 = 30,
    G1c = 31,
    GSingle = 32,
    G2Item = 33,
    G2 = 34,

    // Cycles that need the order of each process.
    G0Process = 40,
    G1cProcess = 41,
    GSingleProcess = 42,
    G2ItemProcess = 43,
    G2Process = 44,

    // Cycles that need the order of real time.
    G0Realtime = 50,
    G1cRealtime = 51,
    GSingleRealtime = 52,
    G2ItemRealtime = 53,
    G2Realtime = 54,

    // Cycles that need the order of the recorded timestamps.
    G0Timestamp = 60,
    G1cTimestamp = 61,
    GSingleTimestamp = 62,
    G2ItemTimestamp = 63,
    G2Timestamp = 64,

    // What the bank's check finds.
    BankTotal = 70,
}
