using Transactions.Clocks;

namespace Transactions.Participant;

/// <summary>A snapshot read that is under way, or waits for time, the lease, or prepared transactions (S2).</summary>
internal sealed class SnapshotRead(CallId call, Timestamp at, SnapshotQuery query)
{
    public CallId Call { get; } = call;

    public Timestamp At { get; } = at;

    public SnapshotQuery Query { get; } = query;

    /// <summary>The prepared transaction that it waits for; null when it waits for none.</summary>
    public ShardTransaction? WaitsFor { get; set; }

    /// <summary>Whether a transaction that writes <paramref name="record"/> concerns this read.</summary>
    public bool Touches(RecordKey record) => Query switch
    {
        SnapshotQuery.Get get => get.Collection == record.Collection && get.Keys.Contains(record.Key),
        SnapshotQuery.Scan scan => scan.Range.Contains(record),
        _ => throw new InvalidOperationException($"No such query: {Query.GetType().Name}."),
    };
}
