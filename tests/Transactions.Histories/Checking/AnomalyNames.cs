namespace Transactions.Histories;

/// <summary>The names of anomalies as the field writes them.</summary>
public static class AnomalyNames
{
    /// <summary>The name, like <c>G-single-realtime</c> or <c>lost-update</c>.</summary>
    public static string ToName(this AnomalyKind kind) => kind switch
    {
        AnomalyKind.Unspecified => "unspecified",
        AnomalyKind.Internal => "internal",
        AnomalyKind.GarbageRead => "garbage-read",
        AnomalyKind.DuplicateElements => "duplicate-elements",
        AnomalyKind.IncompatibleOrder => "incompatible-order",
        AnomalyKind.G1a => "G1a",
        AnomalyKind.G1b => "G1b",
        AnomalyKind.DirtyUpdate => "dirty-update",
        AnomalyKind.LostUpdate => "lost-update",
        AnomalyKind.LostWrite => "lost-write",
        AnomalyKind.StaleRead => "stale-read",
        AnomalyKind.SnapshotRead => "snapshot-read",
        AnomalyKind.TimestampRead => "timestamp-read",
        AnomalyKind.TimestampOrder => "timestamp-order",
        AnomalyKind.ExternalConsistency => "external-consistency",
        AnomalyKind.G0 => "G0",
        AnomalyKind.G1c => "G1c",
        AnomalyKind.GSingle => "G-single",
        AnomalyKind.G2Item => "G2-item",
        AnomalyKind.G2 => "G2",
        AnomalyKind.G0Process => "G0-process",
        AnomalyKind.G1cProcess => "G1c-process",
        AnomalyKind.GSingleProcess => "G-single-process",
        AnomalyKind.G2ItemProcess => "G2-item-process",
        AnomalyKind.G2Process => "G2-process",
        AnomalyKind.G0Realtime => "G0-realtime",
        AnomalyKind.G1cRealtime => "G1c-realtime",
        AnomalyKind.GSingleRealtime => "G-single-realtime",
        AnomalyKind.G2ItemRealtime => "G2-item-realtime",
        AnomalyKind.G2Realtime => "G2-realtime",
        AnomalyKind.G0Timestamp => "G0-timestamp",
        AnomalyKind.G1cTimestamp => "G1c-timestamp",
        AnomalyKind.GSingleTimestamp => "G-single-timestamp",
        AnomalyKind.G2ItemTimestamp => "G2-item-timestamp",
        AnomalyKind.G2Timestamp => "G2-timestamp",
        AnomalyKind.BankTotal => "bank-total",
    };
}
