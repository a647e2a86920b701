using System.Collections.Immutable;
using Transactions.Clocks;
using Transactions.Model;
using Transactions.Participant;
using Transactions.TestKit.Storage;

namespace Transactions.Simulation;

/// <summary>Reads shards' tables as a view or a projection does: in PostgreSQL itself, up to what the shard says is visible (S4).</summary>
internal sealed class SqlReader(SimCluster cluster)
{
    private readonly SimRandom _random = cluster.World.Random.Fork();

    private World World => cluster.World;

    public void Start() => World.After(_random.Skewed(20_000, World.IsAsleep ? 4_000_000 : 400_000), () =>
    {
        Read(_random.Pick(cluster.ShardIds));
        Start();
    });

    /// <summary>Reads all of a shard, in one statement with what is visible.</summary>
    private void Read(ShardId shard)
    {
        FakeShardState state = cluster.Databases[shard].State;
        if (state.Row is not { } row || row.VisibleUpto < World.Observer.Opened || World.Observer.Opened == default)
        {
            return;
        }

        World.Counters.Add(Path.SqlReads);
        RecordedTransaction recorded = World.History.Invoke();
        foreach (string collection in Workloads.Collections)
        {
            SnapshotQuery.Scan scan = new(new KeyRange(collection, "", null), int.MaxValue);
            OperationResult.Scanned found = new(Entries(state, collection, row.VisibleUpto), null);
            World.Observer.SqlRead(shard, scan.Range, row.VisibleUpto, found.Entries);
            recorded.Read(shard, scan, found);
        }

        World.History.OkSnapshot(recorded, row.VisibleUpto, isStale: true);
    }

    private static ImmutableArray<Entry> Entries(FakeShardState state, string collection, Timestamp at)
    {
        ImmutableArray<Entry>.Builder entries = ImmutableArray.CreateBuilder<Entry>();
        foreach ((RecordKey record, ImmutableList<RecordVersion> versions) in state.Versions)
        {
            if (record.Collection == collection
                && versions.Find(version => version.CommitTimestamp <= at) is { Value: { } value } found)
            {
                entries.Add(new Entry(record.Key, value, found.CommitTimestamp));
            }
        }

        return entries.DrainToImmutable();
    }
}
