using Transactions.Clocks;
using Transactions.Coordinator;
using Transactions.Model;
using Transactions.Participant;

namespace Transactions.Simulation;

/// <summary>One read-only transaction: all its reads are at one timestamp (section 4).</summary>
internal sealed class SimSnapshot
{
    private const int MostTries = 8;
    private const long LongestPast = 4_000_000;

    private readonly SimClient _client;
    private readonly RecordedTransaction _recorded;
    private readonly Timestamp _toldBefore;
    private bool _isStale;

    private SimSnapshot(SimClient client)
    {
        _client = client;
        _toldBefore = client.World.Observer.GreatestTold;
        _recorded = client.World.History.Invoke();
    }

    /// <summary>Null until the only shard that it asks has chosen (S1).</summary>
    public Timestamp? At { get; private set; }

    public bool IsOfOneShard { get; private init; }

    private SimRandom Random => _client.Random;

    private World World => _client.World;

    /// <summary>Chooses how to read, and lets a workload do it.</summary>
    public static async Task Run(SimClient client, IWorkload workload)
    {
        client.World.Counters.Add(Path.Snapshots);
        SimSnapshot snapshot = new(client) { IsOfOneShard = client.Random.Chance(0.2) };
        if (snapshot.IsOfOneShard || await snapshot.ChooseTimestamp())
        {
            await workload.Read(snapshot);
        }

        snapshot.GiveUp();
    }

    /// <summary>Reads all of some collections of all shards, now; false if that couldn't be done.</summary>
    public static async Task<bool> ReadAll(SimClient client, IEnumerable<string> collections)
    {
        SimSnapshot snapshot = new(client);
        bool isComplete = await snapshot.AskForTimestamp();
        foreach (ShardId shard in client.Cluster.ShardIds)
        {
            foreach (string collection in isComplete ? collections : [])
            {
                isComplete = isComplete && await snapshot.ReadWhole(shard, collection);
            }
        }

        if (isComplete)
        {
            snapshot.End();
        }

        snapshot.GiveUp();
        return isComplete;
    }

    /// <summary>Reads; null when it couldn't.</summary>
    public async Task<OperationResult?> Read(ShardId shard, SnapshotQuery query)
    {
        for (int tries = 0; tries < MostTries; tries++)
        {
            switch ((await _client.Call(shard, (s, reply) => s.Read(At, query, reply))).Answer)
            {
                case ShardAnswer.Read read:
                    if (At is null)
                    {
                        At = read.ReadTimestamp;
                        World.Observer.StrongRead(read.ReadTimestamp, _toldBefore);
                    }

                    _recorded.Read(shard, query, read.Result);
                    return read.Result;
                case ShardAnswer.Refused { Refusal.Reason: RefusalReason.BelowHorizon }:
                    World.Counters.Add(Path.BelowHorizon);
                    return null;
                case ShardAnswer.Refused { Refusal.Reason: RefusalReason.TimestampInFuture }:
                    World.Counters.Add(Path.TimestampsInFuture);
                    return null;
                case ShardAnswer.Refused { Refusal.MayRetry: false, Refusal.Status: RefusalStatus.InvalidArgument }:
                    return null;
                default:
                    await _client.Delay(Random.Skewed(500, 100_000));
                    break;
            }
        }

        return null;
    }

    /// <summary>All that it wanted is read.</summary>
    public void End()
    {
        if (At is { } at)
        {
            World.History.OkSnapshot(_recorded, at, _isStale);
        }
    }

    // Not all of it: then it says nothing.
    private void GiveUp()
    {
        if (!_recorded.IsEnded)
        {
            World.History.Fail(_recorded);
        }
    }

    private async Task<bool> ReadWhole(ShardId shard, string collection)
    {
        string from = "";
        while (true)
        {
            SnapshotQuery query = new SnapshotQuery.Scan(new KeyRange(collection, from, null), 1_000);
            switch (await Read(shard, query))
            {
                case OperationResult.Scanned { Continuation: null }:
                    return true;
                case OperationResult.Scanned { Continuation: { } next }:
                    from = next;
                    break;
                default:
                    return false;
            }
        }
    }

    private async Task<bool> ChooseTimestamp()
    {
        switch (Random.Next(8))
        {
            // An exact past timestamp, or bounded staleness: some time before the client's present.
            case 0 or 1:
                World.Counters.Add(Path.SnapshotsOfThePast);
                _isStale = true;
                At = Timestamp.Max(World.Observer.Opened, Back(HowFarBack()));
                return true;

            // S1: by a client whose own source is bounded and healthy.
            case 2:
                ClockReading reading = _client.Clock.Read();
                if (!reading.IsHealthy)
                {
                    return false;
                }

                World.Counters.Add(Path.TimestampsOfClients);
                At = reading.Interval.Latest;
                World.Observer.StrongRead(At.Value, _toldBefore);
                return true;

            // S2: ahead of the shards' clocks: they wait, or refuse. Where this client's is slow, it is one of the past.
            case 3 when Random.Chance(0.3):
                long most = World.Scenario.Limits.MaxOffset.BclCompatibleTicks / 10 * 2;
                At = Timestamp.Max(World.Observer.Opened, Back(-Random.Skewed(100, most)));
                _isStale = true;
                return true;

            default:
                return await AskForTimestamp();
        }
    }

    // S2: where history is short, about as far as it goes.
    private long HowFarBack()
    {
        long retention = World.Scenario.ShardOptions.HistoryRetention.BclCompatibleTicks / 10;
        return retention < LongestPast && Random.Chance(0.7)
            ? retention + Random.Between(-300_000, 1_000_000)
            : Random.Skewed(100, LongestPast);
    }

    private async Task<bool> AskForTimestamp()
    {
        (CoordinatorAnswer? answer, _) = await _client.Call(
            Random.Pick(_client.Cluster.Coordinators).Name, call => new CoordinatorEvent.GetTimestamp(call));
        if (answer is not CoordinatorAnswer.TimestampGiven given)
        {
            return false;
        }

        At = given.Timestamp;
        World.Observer.StrongRead(given.Timestamp, _toldBefore);
        return true;
    }

    private Timestamp Back(long microseconds) => Timestamp.FromMicroseconds(_client.Present().Microseconds - microseconds);
}
