using System.Collections.Immutable;
using Npgsql;
using NpgsqlTypes;
using Transactions.Clocks;
using Transactions.Model;
using Transactions.Storage;

namespace Transactions.Coordinator.Server.Postgres;

/// <summary>Inserts decisions where there are none, and reads what the register then holds (D1).</summary>
internal sealed class DecisionRecording(OneTripTransaction transaction)
{
    /// <summary>D5: shared by whoever inserts, exclusive to whoever raises the mark or deletes.</summary>
    public static readonly long MarkLock = AdvisoryLocks.KeyOf("transactions/decisions/mark");

    private const string LockMark = "select pg_advisory_xact_lock_shared($1)";

    // Without a conflict target: a row under the key stops the insert as one under the id does. Sorted, so that two
    // batches seldom deadlock.
    private const string Insert = """
        insert into txn.decisions
            (id, kind, commit_ts, reason, writers, generations, unapplied, applied_at, key_client, key, result)
        select n.id, n.kind, n.commit_ts, n.reason, string_to_array(n.writers, ','),
            string_to_array(n.generations, ',')::bigint[], string_to_array(n.writers, ','),
            case when n.writers = '' then txn.present() end, n.key_client, n.key, n.result
        from unnest($1::uuid[], $2::bigint[], $3::smallint[], $4::bigint[], $5::smallint[], $6::text[], $7::text[],
                $8::text[], $9::text[], $10::bytea[])
            n(id, issued_at, kind, commit_ts, reason, writers, generations, key_client, key, result)
        where n.issued_at > (select c.mark from txn.cluster c)
        order by n.id
        on conflict do nothing
        """;

    // A statement of its own: its snapshot is begun after the insert waited for rivals, so it sees the row that won.
    private const string ReadBack = $"""
        select a.n, c.mark, {DecisionColumns.All}
        from txn.cluster c
        cross join unnest($1::uuid[], $2::text[], $3::text[]) with ordinality a(id, key_client, key, n)
        left join lateral (
            select * from txn.decisions i where i.id = a.id
            union all
            select * from txn.decisions k
            where k.key_client = a.key_client and k.key = a.key
                and not exists (select from txn.decisions i where i.id = a.id)
        ) d on true
        """;

    // A rival's row may be visible here and yet not be on the standbys: write something behind it, so that COMMIT waits.
    private const string WriteAhead = """
        select pg_logical_emit_message(true, 'transactions', 'read back') where pg_current_xact_id_if_assigned() is null
        """;

    public async Task<RecordResult> RecordAsync(ImmutableArray<Decision> decisions, CancellationToken cancellationToken)
    {
        Decision[] all = [.. decisions];
        RegisterContent?[] contents = new RegisterContent?[all.Length];
        TransactionFate fate = await transaction.RunAsync(
            [
                Statement.Query(LockMark).With(MarkLock),
                Inserting(all),
                Statement.Query(ReadBack, row => contents[row.GetInt64(0) - 1] = Content(row, all[row.GetInt64(0) - 1]))
                    .WithArray(NpgsqlDbType.Uuid, Array.ConvertAll(all, d => d.Id.Value))
                    .WithArray(NpgsqlDbType.Text, Array.ConvertAll(all, d => d.Key?.Client))
                    .WithArray(NpgsqlDbType.Text, Array.ConvertAll(all, d => d.Key?.Key)),
                Statement.Query(WriteAhead),
            ],
            cancellationToken);
        return fate switch
        {
            TransactionFate.Committed when contents.Contains(null) =>
                new RecordResult.Ambiguous("The register shows neither the decision nor what stood in its way."),
            TransactionFate.Committed => new RecordResult.Committed([.. contents.OfType<RegisterContent>()]),
            TransactionFate.RolledBack failed => new RecordResult.RolledBack(failed.IsTransient, failed.Message),
            TransactionFate.Ambiguous ambiguous => new RecordResult.Ambiguous(ambiguous.Message),
            _ => throw new InvalidOperationException($"Unknown fate {fate}."),
        };
    }

    private static Statement Inserting(Decision[] decisions) => Statement.Execute(Insert)
        .WithArray(NpgsqlDbType.Uuid, Array.ConvertAll(decisions, d => d.Id.Value))
        .WithArray(NpgsqlDbType.Bigint, Array.ConvertAll(decisions, d => d.Id.IssuedAt.Value))
        .WithArray(NpgsqlDbType.Smallint, Array.ConvertAll(decisions, d => (short)d.Outcome.Kind))
        .WithArray(NpgsqlDbType.Bigint, Array.ConvertAll(decisions, d => d.Outcome.CommitTimestamp.Value))
        .WithArray(NpgsqlDbType.Smallint, Array.ConvertAll(decisions, d => (short)d.Outcome.Reason))
        .WithArray(NpgsqlDbType.Text, Array.ConvertAll(decisions, d => string.Join(',', d.Writers.Select(w => w.Shard.Value))))
        .WithArray(NpgsqlDbType.Text, Array.ConvertAll(decisions, d => string.Join(',', d.Writers.Select(w => w.Generation.Value))))
        .WithArray(NpgsqlDbType.Text, Array.ConvertAll(decisions, d => d.Key?.Client))
        .WithArray(NpgsqlDbType.Text, Array.ConvertAll(decisions, d => d.Key?.Key))
        .WithArray(NpgsqlDbType.Bytea, Array.ConvertAll(decisions, d => d.Result?.ToArray()));

    private static RegisterContent? Content(NpgsqlDataReader row, Decision asked)
    {
        if (!row.IsDBNull(2))
        {
            Decision found = DecisionColumns.Read(row, 2);
            return found.Id == asked.Id ? new RegisterContent.ById(found) : new RegisterContent.ByKey(found);
        }

        Timestamp mark = new(row.GetInt64(1));
        return asked.Id.IssuedAt <= mark ? new RegisterContent.BelowMark(mark) : null;
    }
}
