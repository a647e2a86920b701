using Transactions.Clocks;
using Transactions.Coordinator;
using Transactions.Model;
using Transactions.Participant;

namespace Transactions.Simulation;

/// <summary>Read-only transactions: all accounts at one timestamp, whose total never changes (section 4).</summary>
internal sealed class BankSnapshots(SimClient client)
{
    private SimRandom Random => client.Random;

    private World World => client.World;

    public async Task Run()
    {
        World.Counters.Add(Path.Snapshots);
        Timestamp answeredBefore = World.Observer.GreatestTold;
        switch (Random.Next(5))
        {
            case 0:
                await ReadOneShard(answeredBefore);
                break;
            case 1:
                World.Counters.Add(Path.SnapshotsOfThePast);
                await ReadAll(Past());
                break;
            default:
                if (await AskForTimestamp() is { } at)
                {
                    World.Observer.StrongRead(at, answeredBefore);
                    await ReadAll(at);
                }

                break;
        }
    }

    // S1: the only shard asked chooses.
    private async Task ReadOneShard(Timestamp answeredBefore)
    {
        if (await Read(Random.Pick(client.Cluster.ShardIds), null) is { } answer)
        {
            World.Observer.StrongRead(answer.ReadTimestamp, answeredBefore);
        }
    }

    private async Task ReadAll(Timestamp at)
    {
        long total = 0;
        foreach (ShardId shard in client.Cluster.ShardIds)
        {
            ShardAnswer.Read? answer = await Read(shard, at);
            if (answer is null)
            {
                return;
            }

            total += answer.Result switch
            {
                OperationResult.Found found => found.Entries.Sum(e => e is { } entry ? Account.BalanceOf(entry.Value) : 0),
                OperationResult.Scanned scanned => scanned.Entries.Sum(e => Account.BalanceOf(e.Value)),
                _ => throw new InvalidOperationException($"No answer to a snapshot read: {answer.Result}."),
            };
        }

        World.Observer.CheckTotal(total, $"a snapshot at {at}");
    }

    private async Task<ShardAnswer.Read?> Read(ShardId shard, Timestamp? at)
    {
        int accounts = World.Scenario.AccountsPerShard;
        SnapshotQuery query = Random.Chance(0.4)
            ? new SnapshotQuery.Scan(new KeyRange(Account.Collection, "", null), 1_000)
            : new SnapshotQuery.Get(Account.Collection, [.. Enumerable.Range(0, accounts).Select(Account.Key)]);
        for (int tries = 0; tries < 8; tries++)
        {
            switch (await client.Call(shard, (s, reply) => s.Read(at, query, reply)))
            {
                case ShardAnswer.Read read:
                    return read;
                case ShardAnswer.Refused { Refusal.Reason: RefusalReason.BelowHorizon }:
                    World.Counters.Add(Path.BelowHorizon);
                    return null;
                case ShardAnswer.Refused { Refusal.MayRetry: false, Refusal.Status: RefusalStatus.InvalidArgument }:
                    return null;
                default:
                    await client.Delay(Random.Skewed(500, 100_000));
                    break;
            }
        }

        return null;
    }

    private async Task<Timestamp?> AskForTimestamp()
    {
        (CoordinatorAnswer? answer, _) = await client.Call(
            Random.Pick(client.Cluster.Coordinators).Name, call => new CoordinatorEvent.GetTimestamp(call));
        return (answer as CoordinatorAnswer.TimestampGiven)?.Timestamp;
    }

    private Timestamp Past()
    {
        Timestamp opened = World.Observer.Opened;
        long back = Random.Skewed(100, 4_000_000);
        return Timestamp.Max(opened, Timestamp.FromMicroseconds(client.Present().Microseconds - back));
    }
}
