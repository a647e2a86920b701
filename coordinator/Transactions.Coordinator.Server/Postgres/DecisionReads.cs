using System.Collections.Immutable;
using Npgsql;
using NpgsqlTypes;
using Transactions.Clocks;
using Transactions.Model;
using Transactions.Storage;

namespace Transactions.Coordinator.Server.Postgres;

/// <summary>Reads the register, and finds commits whose outcome some writer hasn't applied.</summary>
internal sealed class DecisionReads(OneTripTransaction transaction)
{
    // D5: the mark comes from the same snapshot, so that it explains each row that is missing.
    private const string ReadRows = $"""
        select c.mark, {DecisionColumns.All}
        from txn.cluster c
        left join lateral (
            select * from txn.decisions i where i.id = $1
            union all
            select * from txn.decisions k where k.key_client = $2 and k.key = $3 and k.id is distinct from $1
        ) d on true
        """;

    // D1: a row may be visible here and yet not be on the standbys, if its writer's wait for them was cancelled.
    private const string WriteAhead = """
        select pg_logical_emit_message(true, 'transactions', 'read')
        where current_setting('synchronous_standby_names') <> ''
        """;

    private const string ReadUnapplied = $"""
        select {DecisionColumns.All}, d.unapplied from txn.decisions d where d.applied_at is null order by d.id limit $1
        """;

    public async Task<DecisionLookup> ReadAsync(TransactionId? id, IdempotencyKey? key, CancellationToken cancellationToken)
    {
        Decision? byId = null;
        Decision? byKey = null;
        Timestamp? mark = null;
        void Add(NpgsqlDataReader row)
        {
            mark = new Timestamp(row.GetInt64(0));
            if (row.IsDBNull(1))
            {
                return;
            }

            Decision found = DecisionColumns.Read(row, 1);
            byId = found.Id == id ? found : byId;
            byKey = key is not null && found.Key == key ? found : byKey;
        }

        TransactionFate fate = await transaction.RunAsync(
            [
                Statement.Query(ReadRows, Add)
                    .With(NpgsqlDbType.Uuid, id?.Value)
                    .With(NpgsqlDbType.Text, key?.Client)
                    .With(NpgsqlDbType.Text, key?.Key),
                Statement.Query(WriteAhead),
            ],
            cancellationToken);
        return fate is TransactionFate.Committed && mark is { } found
            ? new DecisionLookup(byId, byKey, found)
            : throw new StorageUnavailableException($"The decision log couldn't be read: {fate}");
    }

    public async Task<ImmutableArray<Decision>> FindUnappliedAsync(int limit, CancellationToken cancellationToken)
    {
        ImmutableArray<Decision>.Builder found = ImmutableArray.CreateBuilder<Decision>();
        Statement read = Statement
            .Query(ReadUnapplied, row =>
            {
                Decision decision = DecisionColumns.Read(row, 0);
                HashSet<string> unapplied = [.. row.GetFieldValue<string[]>(DecisionColumns.Count)];
                found.Add(decision with { Writers = [.. decision.Writers.Where(w => unapplied.Contains(w.Shard.Value))] });
            })
            .With(NpgsqlDbType.Integer, limit);

        // Whoever finds a commit here tells its shards, so that it must be as durable as what its own coordinator tells.
        TransactionFate fate = await transaction.RunAsync([read, Statement.Query(WriteAhead)], cancellationToken);
        return fate is TransactionFate.Committed
            ? found.DrainToImmutable()
            : throw new StorageUnavailableException($"The decision log couldn't be searched: {fate}");
    }
}
