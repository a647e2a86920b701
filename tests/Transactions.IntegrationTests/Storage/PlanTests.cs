using System.Collections.Immutable;
using Microsoft.Extensions.Logging.Abstractions;
using Transactions.Clocks;
using Transactions.Coordinator;
using Transactions.Coordinator.Server.Postgres;
using Transactions.IntegrationTests.Fixtures;
using Transactions.Model;
using Transactions.Participant;
using Transactions.Participant.Server;
using Transactions.Participant.Server.Postgres;
using Transactions.Storage;
using Transactions.TestKit.Storage;
using Xunit;

namespace Transactions.IntegrationTests.Storage;

/// <summary>
/// Plans are made once, while the tables are new: those must not read more when the tables have filled, or have been filled and
/// emptied again, nor when a long read, a backup's for example, keeps all dead rows meanwhile.
/// </summary>
public sealed class PlanTests(PostgresFixture server)
{
    private const int Transactions = 300;

    // Points of indexes, and what an update of the same row has left there.
    private const int MostRowsForEach = 12;

    private const string RowsScanned = """
        select coalesce(sum(seq_tup_read), 0)::bigint from pg_stat_user_tables
        where schemaname = 'txn' and relname not like '%migrations' and relname not in ('shard', 'cluster')
        """;

    private const string EntriesRead = "select coalesce(sum(idx_tup_read), 0)::bigint from pg_stat_user_indexes where schemaname = 'txn'";

    private const string OthersConnected =
        "select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()";

    private static readonly ShardId s_shard = ShardId.Parse("payments/0");

    private readonly Ids _ids = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task ShardStore_TablesFillAndEmpty_ReadsByIndexOnly()
    {
        string database = await NewDatabaseAsync();
        await using (IShardStore store = await PostgresShardStore.OpenAsync(
            s_shard, ServerFixture.Storage(database), NullLoggerFactory.Instance, TimeProvider.System, Cancel))
        {
            ShardRow row = await store.ReadShardRowAsync(Cancel);
            TakeoverResult taken = await store.TakeOverAsync(
                new ShardOwner("first", "http://first:1"), row.Generation, row.LeaseUntil, Ids.Start, Cancel);
            ShardRow mine = Assert.IsType<TakeoverResult.Won>(taken).Row;
            Fence fence = new(mine.Generation, mine.Epoch);
            await using Backend backup = await KeepDeadRowsAsync(database);
            for (int i = 1; i <= Transactions; i++)
            {
                await TransactAsync(store, fence, i);
            }
        }

        await AssertReadByIndexAsync(database);
    }

    [Fact]
    public async Task DecisionLog_TablesFill_ReadsByIndexOnly()
    {
        string database = await NewDatabaseAsync();
        await using (PostgresDecisionLog log = await PostgresDecisionLog.OpenAsync(
            ServerFixture.Storage(database), NullLoggerFactory.Instance, TimeProvider.System, Cancel))
        {
            await log.EnsureClusterAsync("shop", ClockMode.Bounded, Cancel);
            for (int i = 1; i <= Transactions; i++)
            {
                Decision decision = new(
                    _ids.Next(i), Outcome.Committed(Ids.At(i)), [new(s_shard, new Generation(1))])
                {
                    Key = new IdempotencyKey("client", $"{i}"),
                };
                Assert.IsType<RecordResult.Committed>(await log.RecordAsync([decision], Cancel));
                Assert.NotNull(await log.ReadAsync(null, decision.Key, Cancel));
                Assert.True(await log.MarkAppliedAsync([(decision.Id, s_shard)], Cancel));
                Assert.Empty(await log.FindUnappliedAsync(10, Cancel));
            }
        }

        await AssertReadByIndexAsync(database);
    }

    private static async Task<Backend> KeepDeadRowsAsync(string database)
    {
        Backend backup = await Backend.OpenAsync(database, Cancel);
        await backup.RunAsync("begin isolation level repeatable read");
        await backup.ReadAsync<long>("select count(*) from pg_class");
        return backup;
    }

    private async Task TransactAsync(IShardStore store, Fence fence, int number)
    {
        RecordKey key = new("accounts", $"{number}");
        PreparedRow prepared = new(
            new TransactionContext(_ids.Next(), Ids.At(1), Ids.At(60_000), new CoordinatorId("north", new Incarnation(-77)), "shop"),
            Ids.At(number),
            Ids.At(5_000),
            fence.Generation,
            Operations: 1,
            [new RecordWrite(key, Document.FromText("1"))]);
        Assert.IsType<PersistResult.Committed>(await store.PersistAsync(fence, [new PersistItem.Prepare(prepared)], Cancel));
        Assert.Equal(
            WriteResult.Committed, await store.ApplyAsync(fence, [new ApplyItem(prepared.Context.Id, Ids.At(number))], Cancel));

        ImmutableArray<VersionsReadResult> read = await store.ReadVersionsAsync(
            [
                new VersionQuery.Records(Ids.At(100_000), [key]),
                new VersionQuery.Range(Ids.At(100_000), new KeyRange("accounts", key.Key, key.Key + "\u0001"), 10),
            ],
            Cancel);
        Assert.All(read, r => Assert.Single(Assert.IsType<VersionsReadResult.Succeeded>(r).Versions));
    }

    // A server process tells what it read at the latest when it ends.
    private static async Task AssertReadByIndexAsync(string database)
    {
        await using Backend eye = await Backend.OpenAsync(database, Cancel);
        while (await eye.ReadAsync<long>(OthersConnected) > 0)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System, Cancel);
        }

        Assert.Equal(0L, await eye.ReadAsync<long>(RowsScanned));
        Assert.InRange(await eye.ReadAsync<long>(EntriesRead), Transactions, Transactions * MostRowsForEach);
    }

    private Task<string> NewDatabaseAsync() => server.NewDatabaseAsync(nameof(PlanTests));
}
