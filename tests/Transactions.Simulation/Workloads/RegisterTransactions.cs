using System.Collections.Immutable;
using Transactions.Model;
using Transactions.Participant;

namespace Transactions.Simulation;

/// <summary>Writes registers without having read them, reads, inserts, deletes and scans them.</summary>
internal sealed class RegisterTransactions : IWorkload
{
    private const int Keys = 10;

    private readonly SimClient _client;
    private readonly IReadOnlyList<ShardId> _shards;
    private readonly WeightedPick _kinds;

    public RegisterTransactions(SimClient client)
    {
        _client = client;
        _shards = client.Cluster.ShardIds;
        _kinds = new WeightedPick(
            (22, WriteBlindly),
            (20, DoAnything),
            (12, ReadSomeWriteOther),
            (10, ReadSome),
            (10, InsertSeveral),
            (8, DeleteSome),
            (8, ScanAndWrite),
            (5, DeleteAndInsertAgain),
            (5, WriteAndReadBack));
    }

    private SimRandom Random => _client.Random;

    public Func<SimTransaction, Task> Pick() => _kinds.Next(Random);

    public IEnumerable<(ShardId Shard, Operation Operation)> Opening() => [];

    public (ShardId Shard, Operation Operation) Stray(SimTransaction transaction) =>
        (Random.Pick(_shards), new Operation.Put(Record(AnyKey()), NewValue()));

    public async Task Read(SimSnapshot snapshot)
    {
        foreach (ShardId shard in snapshot.IsOfOneShard ? [Random.Pick(_shards)] : _shards)
        {
            SnapshotQuery query = Random.Chance(0.5)
                ? new SnapshotQuery.Scan(Range(), Random.Chance(0.3) ? 2 : 1_000)
                : new SnapshotQuery.Get(Registers.Collection, [.. Enumerable.Range(0, Keys).Select(Key)]);
            if (await snapshot.Read(shard, query) is null)
            {
                return;
            }
        }

        snapshot.End();
    }

    private async Task WriteBlindly(SimTransaction t)
    {
        for (long i = Random.Between(1, 4); i > 0; i--)
        {
            await Put(t, Random.Pick(_shards), AnyKey());
        }
    }

    private async Task DoAnything(SimTransaction t)
    {
        for (long i = Random.Between(1, 6); i > 0 && !t.HasFailed; i--)
        {
            ShardId shard = Random.Pick(_shards);
            string key = AnyKey();
            await (Random.Next(6) switch
            {
                0 => t.Do(shard, new Operation.Delete(Record(key))),
                1 => t.Do(shard, new Operation.InsertIfAbsent(Record(key), NewValue())),
                2 or 3 => Get(t, shard, forUpdate: Random.Chance(0.3), [key]),
                _ => Put(t, shard, key),
            });
        }
    }

    private async Task ReadSomeWriteOther(SimTransaction t)
    {
        await Get(t, Random.Pick(_shards), forUpdate: false, [AnyKey()]);
        await Get(t, Random.Pick(_shards), forUpdate: false, [AnyKey()]);
        await Put(t, Random.Pick(_shards), AnyKey());
    }

    private async Task ReadSome(SimTransaction t)
    {
        for (long i = Random.Between(1, 3); i > 0; i--)
        {
            int first = Random.Next(Keys - 2);
            await Get(t, Random.Pick(_shards), forUpdate: false, [Key(first), Key(first + 1), Key(first + 2)]);
        }
    }

    private async Task InsertSeveral(SimTransaction t)
    {
        for (long i = Random.Between(1, 3); i > 0; i--)
        {
            await t.Do(Random.Pick(_shards), new Operation.InsertIfAbsent(Record(AnyKey()), NewValue()));
        }
    }

    private async Task DeleteSome(SimTransaction t)
    {
        for (long i = Random.Between(1, 2); i > 0; i--)
        {
            await t.Do(Random.Pick(_shards), new Operation.Delete(Record(AnyKey())));
        }
    }

    private async Task ScanAndWrite(SimTransaction t)
    {
        if (await t.Do(Random.Pick(_shards), new Operation.Scan(Range(), Random.Chance(0.3) ? 2 : 1_000)) is not null)
        {
            await Put(t, Random.Pick(_shards), AnyKey());
        }
    }

    private async Task DeleteAndInsertAgain(SimTransaction t)
    {
        ShardId shard = Random.Pick(_shards);
        RecordKey record = Record(AnyKey());
        await t.Do(shard, new Operation.Delete(record));
        await t.Do(shard, new Operation.InsertIfAbsent(record, NewValue()));
    }

    private async Task WriteAndReadBack(SimTransaction t)
    {
        ShardId shard = Random.Pick(_shards);
        string key = AnyKey();
        await Put(t, shard, key);
        await Get(t, shard, forUpdate: false, [key]);
        await t.Do(shard, new Operation.Scan(Range(), 1_000));
    }

    private Task<OperationResult?> Put(SimTransaction t, ShardId shard, string key) =>
        t.Do(shard, new Operation.Put(Record(key), NewValue()));

    private static Task<OperationResult?> Get(SimTransaction t, ShardId shard, bool forUpdate, ImmutableArray<string> keys) =>
        t.Do(shard, new Operation.Get(Registers.Collection, keys, forUpdate));

    private Document NewValue() => Registers.ToDocument(_client.World.History.Words.NextNumber());

    private KeyRange Range()
    {
        int from = Random.Next(Keys);
        return Random.Chance(0.3)
            ? new KeyRange(Registers.Collection, "", null)
            : new KeyRange(Registers.Collection, Key(from), Key(from + 1 + Random.Next(Keys)));
    }

    private string AnyKey() => Key(Random.Next(Keys));

    private static string Key(int number) => $"r{number:00}";

    private static RecordKey Record(string key) => new(Registers.Collection, key);
}
