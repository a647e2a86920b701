using System.Collections.Immutable;
using Transactions.Model;
using Transactions.Participant;

namespace Transactions.Simulation;

/// <summary>Appends to lists by reading and writing them under locks: each read of a list shows all that came before (list-append).</summary>
internal sealed class AppendTransactions : IWorkload
{
    private const int Slots = 4;

    /// <summary>When a list is as long, its place goes on with a new one, so that reads stay short.</summary>
    private const int LongEnough = 14;

    private readonly SimClient _client;
    private readonly IReadOnlyList<ShardId> _shards;
    private readonly WeightedPick _kinds;

    // Where this client believes that each place's list is; another one may be ahead.
    private readonly Dictionary<(ShardId Shard, int Slot), int> _turns = [];

    public AppendTransactions(SimClient client)
    {
        _client = client;
        _shards = client.Cluster.ShardIds;
        _kinds = new WeightedPick(
            (18, AppendOne),
            (30, AppendSeveral),
            (14, ReadSomeAppendOther),
            (12, ScanAndAppend),
            (12, ReadSome),
            (6, ScanEverywhere),
            (5, AppendTwiceToOne),
            (3, AppendAndForgetAnother));
    }

    private SimRandom Random => _client.Random;

    public Func<SimTransaction, Task> Pick() => _kinds.Next(Random);

    public IEnumerable<(ShardId Shard, Operation Operation)> Opening() => [];

    public (ShardId Shard, Operation Operation) Stray(SimTransaction transaction) => (Random.Pick(_shards), Forgotten());

    public async Task Read(SimSnapshot snapshot)
    {
        foreach (ShardId shard in snapshot.IsOfOneShard ? [Random.Pick(_shards)] : _shards)
        {
            SnapshotQuery query = Random.Chance(0.5)
                ? new SnapshotQuery.Scan(new KeyRange(Lists.Collection, "", null), Random.Chance(0.2) ? 2 : 1_000)
                : new SnapshotQuery.Get(Lists.Collection, [.. Enumerable.Range(0, Slots).Select(slot => Key(shard, slot))]);
            if (await snapshot.Read(shard, query) is null)
            {
                return;
            }
        }

        snapshot.End();
    }

    private Task AppendOne(SimTransaction t) => Append(t, Random.Pick(_shards), Random.Next(Slots));

    private async Task AppendSeveral(SimTransaction t)
    {
        (ShardId, int)[] places = Places((int)Random.Between(2, 4));
        if (Random.Chance(0.3))
        {
            await Task.WhenAll(places.Select(place => Append(t, place.Item1, place.Item2)));
            return;
        }

        foreach ((ShardId shard, int slot) in places)
        {
            if (!await Append(t, shard, slot))
            {
                return;
            }
        }
    }

    // Write skew, if reads weren't locked until the end.
    private async Task ReadSomeAppendOther(SimTransaction t)
    {
        (ShardId, int)[] places = Places((int)Random.Between(2, 3));
        foreach ((ShardId shard, int slot) in places[..^1])
        {
            if (!await Get(t, shard, [Key(shard, slot)]))
            {
                return;
            }
        }

        await Append(t, places[^1].Item1, places[^1].Item2);
    }

    // A predicate read: a list that another one begins meanwhile would be a phantom.
    private async Task ScanAndAppend(SimTransaction t)
    {
        ShardId shard = Random.Pick(_shards);
        string from = Random.Chance(0.5) ? "" : $"l{Random.Next(Slots)}";
        string? to = Random.Chance(0.5) ? null : $"l{Random.Next(Slots)}~";
        if (to is not null && string.CompareOrdinal(from, to) > 0)
        {
            to = null;
        }

        if (await t.Do(shard, new Operation.Scan(new KeyRange(Lists.Collection, from, to), Random.Chance(0.3) ? 2 : 1_000)) is not null)
        {
            await Append(t, Random.Pick(_shards), Random.Next(Slots));
        }
    }

    private async Task ReadSome(SimTransaction t)
    {
        foreach ((ShardId shard, int slot) in Places((int)Random.Between(1, 4)))
        {
            if (!await Get(t, shard, [Key(shard, slot), Key(shard, (slot + 1) % Slots)]))
            {
                return;
            }
        }
    }

    private async Task ScanEverywhere(SimTransaction t)
    {
        foreach (ShardId shard in _shards)
        {
            if (await t.Do(shard, new Operation.Scan(new KeyRange(Lists.Collection, "", null), 1_000)) is null)
            {
                return;
            }
        }
    }

    private async Task AppendTwiceToOne(SimTransaction t)
    {
        ShardId shard = Random.Pick(_shards);
        int slot = Random.Next(Slots);
        if (await Append(t, shard, slot) && await Append(t, shard, slot))
        {
            await Get(t, shard, [Key(shard, slot)]);
        }
    }

    // Nobody counts the last one: the transaction must not commit with it, nor without it if it was admitted.
    private async Task AppendAndForgetAnother(SimTransaction t)
    {
        (ShardId, int)[] places = Places(2);
        await Append(t, places[0].Item1, places[0].Item2);
        ShardId shard = Random.Chance(0.5) ? places[0].Item1 : places[1].Item1;
        t.DoUncounted(shard, Forgotten());
    }

    private Operation.InsertIfAbsent Forgotten() =>
        new(new RecordKey(Lists.Collection, $"forgotten-{Random.Next(1_000)}"), Lists.Append(null, NextElement()));

    // By read and write under a lock: taken for the update at once, or a shared one that is upgraded.
    private async Task<bool> Append(SimTransaction t, ShardId shard, int slot)
    {
        RecordKey record = new(Lists.Collection, Key(shard, slot));
        OperationResult? result = await t.Do(shard, new Operation.Get(Lists.Collection, [record.Key], ForUpdate: Random.Chance(0.7)));
        if (result is not OperationResult.Found { Entries: [var entry] })
        {
            return false;
        }

        if (entry is null && Random.Chance(0.5))
        {
            return await t.Do(shard, new Operation.InsertIfAbsent(record, Lists.Append(null, NextElement()))) is not null;
        }

        if (entry is { } list && Lists.ElementsOf(list.Value).Length >= LongEnough)
        {
            _turns[(shard, slot)] = _turns.GetValueOrDefault((shard, slot)) + 1;
        }

        return await t.Do(shard, new Operation.Put(record, Lists.Append(entry?.Value, NextElement()))) is not null;
    }

    private static async Task<bool> Get(SimTransaction t, ShardId shard, ImmutableArray<string> keys) =>
        await t.Do(shard, new Operation.Get(Lists.Collection, keys, ForUpdate: false)) is not null;

    private long NextElement() => _client.World.History.Words.NextNumber();

    private string Key(ShardId shard, int slot) => $"l{slot}-{_turns.GetValueOrDefault((shard, slot)):000}";

    private (ShardId, int)[] Places(int count)
    {
        HashSet<(ShardId, int)> places = [];
        while (places.Count < count)
        {
            places.Add((Random.Pick(_shards), Random.Next(Slots)));
        }

        return [.. places];
    }
}
