using System.Collections.Immutable;
using Npgsql;
using Transactions.Clocks;
using Transactions.Model;
using Transactions.Storage;

namespace Transactions.Participant.Server.Postgres;

/// <summary>Reads what a new owner must know (L3), in one snapshot.</summary>
internal sealed class ShardLoading(ShardId shard, StoreReader reader, ConnectionPools pools)
{
    private const string ReadGeneration = "select generation from txn.shard where shard = $1";

    private const string ReadPrepared = """
        select id, prepare_ts, valid_until, generation, operations, priority, deadline, coordinator, incarnation, client
        from txn.prepared
        where shard = $1
        order by id
        """;

    private const string ReadIntents = """
        select id, collection, key, value from txn.intents where shard = $1 order by id, collection, key
        """;

    public async Task<LoadedShard> LoadAsync(Generation generation, CancellationToken cancellationToken)
    {
        Generation? found = null;
        List<PreparedRow> rows = [];
        Dictionary<TransactionId, ImmutableArray<RecordWrite>.Builder> writes = [];
        await reader.ReadSnapshotAsync(
            pools.Reads,
            [
                Statement.Query(ReadGeneration, r => found = new Generation(r.GetInt64(0))).With(shard.Value),
                Statement.Query(ReadPrepared, r => rows.Add(Prepared(r))).With(shard.Value),
                Statement.Query(ReadIntents, r => AddIntent(writes, r)).With(shard.Value),
            ],
            cancellationToken);

        if (found != generation)
        {
            throw new StorageUnavailableException($"Shard {shard} is in generation {found} by now, not in {generation}.");
        }

        return new LoadedShard(
            [.. rows.Select(r => r with { Writes = writes.GetValueOrDefault(r.Context.Id)?.ToImmutable() ?? [] })]);
    }

    private static PreparedRow Prepared(NpgsqlDataReader row) => new(
        new TransactionContext(
            new TransactionId(row.GetGuid(0)),
            new Timestamp(row.GetInt64(5)),
            new Timestamp(row.GetInt64(6)),
            new CoordinatorId(row.GetString(7), new Incarnation(row.GetInt64(8))),
            row.GetString(9)),
        new Timestamp(row.GetInt64(1)),
        new Timestamp(row.GetInt64(2)),
        new Generation(row.GetInt64(3)),
        row.GetInt32(4),
        []);

    private static void AddIntent(Dictionary<TransactionId, ImmutableArray<RecordWrite>.Builder> writes, NpgsqlDataReader row)
    {
        TransactionId id = new(row.GetGuid(0));
        if (!writes.TryGetValue(id, out ImmutableArray<RecordWrite>.Builder? ofOne))
        {
            ofOne = writes[id] = ImmutableArray.CreateBuilder<RecordWrite>();
        }

        ofOne.Add(new RecordWrite(
            new RecordKey(row.GetString(1), row.GetString(2)),
            row.IsDBNull(3) ? null : new Document(row.GetFieldValue<byte[]>(3))));
    }
}
