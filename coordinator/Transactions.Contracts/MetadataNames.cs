namespace Transactions.Contracts;

/// <summary>The metadata and trailers in which transactions travel through calls; all binary.</summary>
public static class MetadataNames
{
    /// <summary>Request metadata: a serialized <see cref="V1.SignedContext"/> (X1).</summary>
    public const string Context = "txn-context-bin";

    /// <summary>Request metadata: a serialized <see cref="V1.SnapshotContext"/> (S1).</summary>
    public const string Snapshot = "txn-snapshot-bin";

    /// <summary>Trailer: a serialized <see cref="V1.Participants"/>; its absence dooms the transaction (X2).</summary>
    public const string Participants = "txn-participants-bin";
}
