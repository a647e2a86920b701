using System.Collections.Immutable;
using Transactions.Model;
using Transactions.Participant;

namespace Transactions.Simulation;

/// <summary>What tellers do in transactions: money moves and never comes or goes; notes come and go.</summary>
internal sealed class BankTransactions : IWorkload
{
    public const string Notes = "notes";
    public const string Counts = "counts";

    private readonly SimClient _client;
    private readonly IReadOnlyList<ShardId> _shards;
    private readonly WeightedPick _kinds;

    public BankTransactions(SimClient client)
    {
        _client = client;
        _shards = client.Cluster.ShardIds;
        _kinds = new WeightedPick(
            (28, TransferAcross),
            (14, TransferWithin),
            (7, TransferUpgrading),
            (6, TransferManyAtOnce),
            (8, ReadHereWriteThere),
            (8, ReadOnly),
            (5, Audit),
            (6, AddNote),
            (4, RemoveNotes),
            (7, CountNotes),
            (3, TransferAndForgetANote),
            (2, ForgetAShard),
            (1, static _ => Task.CompletedTask));
    }

    private SimRandom Random => _client.Random;

    private int Accounts => _client.World.Scenario.AccountsPerShard;

    public Func<SimTransaction, Task> Pick() => _kinds.Next(Random);

    public IEnumerable<(ShardId Shard, Operation Operation)> Opening() =>
        from shard in _shards
        from account in Enumerable.Range(0, Accounts)
        select (shard, (Operation)new Operation.Put(Account.Record(account), Account.ToDocument(Account.Opening, "opening")));

    public (ShardId Shard, Operation Operation) Stray(SimTransaction transaction) =>
        (Random.Pick(_shards), new Operation.Put(Note(), NoteText(transaction)));

    public async Task Read(SimSnapshot snapshot)
    {
        long total = 0;
        foreach (ShardId shard in snapshot.IsOfOneShard ? [Random.Pick(_shards)] : _shards)
        {
            SnapshotQuery query = Random.Chance(0.4)
                ? new SnapshotQuery.Scan(new KeyRange(Account.Collection, "", null), 1_000)
                : new SnapshotQuery.Get(Account.Collection, [.. Enumerable.Range(0, Accounts).Select(Account.Key)]);
            switch (await snapshot.Read(shard, query))
            {
                case OperationResult.Found found:
                    total += found.Entries.Sum(e => e is { } entry ? Account.BalanceOf(entry.Value) : 0);
                    break;
                case OperationResult.Scanned scanned:
                    total += scanned.Entries.Sum(e => Account.BalanceOf(e.Value));
                    break;
                default:
                    return;
            }
        }

        snapshot.End();
        if (!snapshot.IsOfOneShard)
        {
            _client.World.Observer.CheckTotal(total, $"a snapshot at {snapshot.At}");
        }
    }

    private async Task TransferAcross(SimTransaction t)
    {
        (ShardId from, ShardId to) = TwoShards();
        await Transfer(t, from, Random.Next(Accounts), to, Random.Next(Accounts));
    }

    private async Task TransferWithin(SimTransaction t)
    {
        ShardId shard = Random.Pick(_shards);
        (int from, int to) = TwoAccounts();
        await Transfer(t, shard, from, shard, to);
    }

    private async Task Transfer(SimTransaction t, ShardId fromShard, int from, ShardId toShard, int to)
    {
        long amount = Random.Between(1, 9);
        long? source = await Balance(t, fromShard, from, forUpdate: true);
        long? target = source is null ? null : await Balance(t, toShard, to, forUpdate: true);
        if (source is { } here && target is { } there)
        {
            await Put(t, fromShard, from, here - amount);
            await Put(t, toShard, to, there + amount);
        }
    }

    // Shared first, exclusive later: two such ones on one account end in wound-wait.
    private async Task TransferUpgrading(SimTransaction t)
    {
        (ShardId fromShard, ShardId toShard) = TwoShards();
        (int from, int to) = TwoAccounts();
        long? source = await Balance(t, fromShard, from, forUpdate: false);
        long? target = source is null ? null : await Balance(t, toShard, to, forUpdate: false);
        if (source is { } here && target is { } there)
        {
            await Put(t, fromShard, from, here - 1);
            await Put(t, toShard, to, there + 1);
            if (Random.Chance(0.5))
            {
                // Its own write is what it reads.
                await Balance(t, fromShard, from, forUpdate: true);
            }
        }
    }

    // Several operations of one transaction are under way together.
    private async Task TransferManyAtOnce(SimTransaction t)
    {
        long?[] balances = await Task.WhenAll(_shards.Select((shard, i) => Balance(t, shard, i % Accounts, forUpdate: true)));
        if (Array.TrueForAll(balances, b => b is not null))
        {
            int amount = Random.Next(5);
            await Task.WhenAll(_shards.Select((shard, i) => Put(
                t, shard, i % Accounts, balances[i]!.Value + (i == 0 ? -amount * (_shards.Count - 1) : amount))));
        }
    }

    private async Task ReadHereWriteThere(SimTransaction t)
    {
        (ShardId here, ShardId there) = TwoShards();
        await Balance(t, here, Random.Next(Accounts), forUpdate: false);
        (int from, int to) = TwoAccounts();
        await Transfer(t, there, from, there, to);
    }

    private async Task ReadOnly(SimTransaction t)
    {
        (ShardId here, ShardId there) = TwoShards();
        await Balance(t, here, Random.Next(Accounts), forUpdate: false);
        if (Random.Chance(0.7))
        {
            await Balance(t, there, Random.Next(Accounts), forUpdate: false);
        }
    }

    // The money of all accounts, under locks.
    private async Task Audit(SimTransaction t)
    {
        long total = 0;
        bool isComplete = true;
        foreach (ShardId shard in _shards)
        {
            OperationResult? result = Random.Chance(0.5)
                ? await t.Do(shard, new Operation.Scan(new KeyRange(Account.Collection, "", null), 1_000))
                : await t.Do(shard, new Operation.Get(Account.Collection, [.. Enumerable.Range(0, Accounts).Select(Account.Key)], false));
            switch (result)
            {
                case OperationResult.Scanned scanned:
                    total += scanned.Entries.Sum(e => Account.BalanceOf(e.Value));
                    break;
                case OperationResult.Found found:
                    total += found.Entries.Sum(e => Account.BalanceOf(e!.Value.Value));
                    break;
                default:
                    isComplete = false;
                    break;
            }
        }

        if (isComplete)
        {
            t.Facts.TotalRead = total;
        }
    }

    private async Task AddNote(SimTransaction t)
    {
        ShardId shard = Random.Pick(_shards);
        await t.Do(shard, new Operation.InsertIfAbsent(Note(), NoteText(t)));
        if (Random.Chance(0.3))
        {
            await t.Do(Random.Pick(_shards), new Operation.InsertIfAbsent(Note(), NoteText(t)));
        }
    }

    private async Task RemoveNotes(SimTransaction t)
    {
        ShardId shard = Random.Pick(_shards);
        if (await t.Do(shard, new Operation.Scan(new KeyRange(Notes, "", null), 3)) is OperationResult.Scanned scanned)
        {
            foreach (Entry entry in scanned.Entries)
            {
                await t.Do(shard, new Operation.Delete(new RecordKey(Notes, entry.Key)));
            }
        }
    }

    // Counts what is in a range and writes the count down: a phantom would make it wrong.
    private async Task CountNotes(SimTransaction t)
    {
        ShardId shard = Random.Pick(_shards);
        string from = Random.Chance(0.5) ? "" : $"n{Random.Next(10)}";
        string? to = Random.Chance(0.5) ? null : $"n{Random.Next(10)}~";
        if (to is not null && string.CompareOrdinal(from, to) > 0)
        {
            to = null;
        }

        int limit = Random.Chance(0.3) ? 2 : 1_000;
        if (await t.Do(shard, new Operation.Scan(new KeyRange(Notes, from, to), limit)) is OperationResult.Scanned scanned)
        {
            RecordKey record = new(Counts, Random.Chance(0.5) ? "all" : t.Context.Client);
            await t.Do(Random.Pick(_shards), new Operation.Put(record, Document.FromText($"{{\"count\":{scanned.Entries.Length},\"by\":\"{Describe.Id(t.Context.Id)}\"}}")));
        }
    }

    // A note goes to a shard that takes part, without anybody waiting for it or counting it.
    private async Task TransferAndForgetANote(SimTransaction t)
    {
        (ShardId from, ShardId to) = TwoShards();
        t.DoUncounted(Random.Chance(0.5) ? from : to, new Operation.Put(Note(), NoteText(t)));
        await Transfer(t, from, Random.Next(Accounts), to, Random.Next(Accounts));
    }

    // As before, to a shard that else has no part in it, sometimes at the last moment.
    private async Task ForgetAShard(SimTransaction t)
    {
        (ShardId here, ShardId there) = TwoShards();
        bool isLate = Random.Chance(0.5);
        if (!isLate)
        {
            t.DoUncounted(there, new Operation.Put(Note(), NoteText(t)));
        }

        (int from, int to) = TwoAccounts();
        await Transfer(t, here, from, here, to);
        if (isLate)
        {
            t.DoUncounted(there, new Operation.Put(Note(), NoteText(t)));
        }
    }

    private static async Task<long?> Balance(SimTransaction t, ShardId shard, int account, bool forUpdate)
    {
        OperationResult? result = await t.Do(shard, new Operation.Get(Account.Collection, [Account.Key(account)], forUpdate));
        return result is OperationResult.Found { Entries: [{ } entry] } ? Account.BalanceOf(entry.Value) : null;
    }

    private static Task Put(SimTransaction t, ShardId shard, int account, long balance) =>
        t.Do(shard, new Operation.Put(Account.Record(account), Account.ToDocument(balance, Describe.Id(t.Context.Id))));

    private RecordKey Note() => new(Notes, $"n{Random.Next(10)}-{Random.Next(6)}");

    private static Document NoteText(SimTransaction t) => Document.FromText($"{{\"by\":\"{Describe.Id(t.Context.Id)}\"}}");

    private (ShardId, ShardId) TwoShards()
    {
        int first = Random.Next(_shards.Count);
        int second = (first + 1 + Random.Next(_shards.Count - 1)) % _shards.Count;
        return (_shards[first], _shards[second]);
    }

    private (int, int) TwoAccounts()
    {
        int first = Random.Next(Accounts);
        return (first, (first + 1 + Random.Next(Accounts - 1)) % Accounts);
    }
}
