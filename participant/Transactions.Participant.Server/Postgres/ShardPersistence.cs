using System.Collections.Immutable;
using Npgsql;
using NpgsqlTypes;
using Transactions.Clocks;
using Transactions.Model;
using Transactions.Storage;

namespace Transactions.Participant.Server.Postgres;

/// <summary>Persists votes, one-phase commits and tombstones, and applies outcomes (X7, X10, X11, D4).</summary>
internal sealed class ShardPersistence(ShardId shard, FencedWrites writes)
{
    private const string InsertPrepared = """
        insert into txn.prepared
            (shard, id, prepare_ts, valid_until, generation, operations, priority, deadline, coordinator, incarnation, client)
        select $1, p.*
        from unnest($2::uuid[], $3::bigint[], $4::bigint[], $5::bigint[], $6::int[], $7::bigint[], $8::bigint[], $9::text[],
            $10::bigint[], $11::text[]) p
        """;

    private const string InsertIntents = """
        insert into txn.intents (shard, id, collection, key, value)
        select $1, i.* from unnest($2::uuid[], $3::text[], $4::text[], $5::json[]) i
        """;

    // X11: versions only from the outcome rows that this won. D5: no row at or below the mark, which only a transaction
    // that holds the shard's lock alone can raise.
    private const string InsertOutcomes = """
        with won as (
            insert into txn.outcomes (shard, id, kind, commit_ts, reason)
            select $1, o.id, o.kind, o.commit_ts, o.reason
            from unnest($2::uuid[], $3::bigint[], $4::smallint[], $5::bigint[], $6::smallint[]) with ordinality
                o(id, issued_at, kind, commit_ts, reason, n)
            where o.issued_at > (select s.outcomes_mark from txn.shard s where s.shard = $1)
            order by o.n
            on conflict do nothing
            returning id, kind, commit_ts
        )
        insert into txn.versions (shard, collection, key, commit_ts, value)
        select $1, w.collection, w.key, won.commit_ts, w.value
        from unnest($7::uuid[], $8::text[], $9::text[], $10::json[]) w(id, collection, key, value)
        join won on won.id = w.id and won.kind = 1
        """;

    // "offset 0" keeps a table inside of its loop here and below: a plain join may begin with the table, which looks small when it is
    // planned, and read all that the shard has there, dead rows that an old snapshot keeps included.
    private const string ReadOutcomes = """
        select i.n, o.kind, o.commit_ts, o.reason
        from unnest($2::uuid[]) with ordinality i(id, n)
        cross join lateral (select * from txn.outcomes o where o.shard = $1 and o.id = i.id offset 0) o
        """;

    // X10: from the deleted intents, so that nothing is applied that wasn't voted for, or twice. These rows are never updated, so that
    // a row's place is as good as its key.
    private const string ApplyOutcomes = """
        with ended as (
            select * from unnest($2::uuid[], $3::bigint[]) e(id, commit_ts)
        ), forgotten as (
            delete from txn.prepared p
            using (
                select r.place from ended e
                cross join lateral (select p.ctid as place from txn.prepared p where p.shard = $1 and p.id = e.id offset 0) r
            ) f
            where p.ctid = f.place
        ), moved as (
            delete from txn.intents i
            using (
                select r.place, e.commit_ts from ended e
                cross join lateral (select i.ctid as place from txn.intents i where i.shard = $1 and i.id = e.id offset 0) r
            ) f
            where i.ctid = f.place
            returning i.collection, i.key, f.commit_ts, i.value
        )
        insert into txn.versions (shard, collection, key, commit_ts, value)
        select $1, m.collection, m.key, m.commit_ts, m.value from moved m where m.commit_ts is not null
        """;

    public async Task<PersistResult> PersistAsync(
        Fence fence, ImmutableArray<PersistItem> items, CancellationToken cancellationToken)
    {
        Outcome?[] register = new Outcome?[items.Length];
        TransactionFate fate = await writes.RunAsync(fence, Statements(items, register), cancellationToken);
        return fate switch
        {
            TransactionFate.Committed => new PersistResult.Committed([.. register]),
            TransactionFate.RolledBack { SqlState: SqlStates.Fenced } => new PersistResult.Fenced(),
            TransactionFate.RolledBack failed => new PersistResult.RolledBack(failed.IsTransient, failed.Message),
            TransactionFate.Ambiguous ambiguous => new PersistResult.Ambiguous(ambiguous.Message),
            _ => throw new InvalidOperationException($"Unknown fate {fate}."),
        };
    }

    public async Task<WriteResult> ApplyAsync(Fence fence, ImmutableArray<ApplyItem> items, CancellationToken cancellationToken)
    {
        Statement apply = Statement.Execute(ApplyOutcomes)
            .With(shard.Value)
            .WithArray(NpgsqlDbType.Uuid, Select(items, i => i.Id.Value))
            .WithArray(NpgsqlDbType.Bigint, Select(items, i => i.CommitTimestamp?.Value));
        return FencedWrites.Result(await writes.RunAsync(fence, [apply], cancellationToken));
    }

    private IEnumerable<Statement> Statements(ImmutableArray<PersistItem> items, Outcome?[] register)
    {
        PreparedRow[] prepared = [.. items.OfType<PersistItem.Prepare>().Select(p => p.Row)];
        if (prepared.Length > 0)
        {
            yield return Prepared(prepared);
            yield return Intents([.. prepared.SelectMany(p => p.Writes.Select(w => (p.Context.Id, w)))]);
        }

        (PersistItem Item, int Index)[] registered =
            [.. items.Select((item, index) => (item, index)).Where(i => i.item is not PersistItem.Prepare)];
        if (registered.Length > 0)
        {
            yield return Outcomes(registered.Select(r => r.Item).ToArray());
            yield return Statement
                .Query(ReadOutcomes, row => register[registered[(int)row.GetInt64(0) - 1].Index] = OutcomeColumns.Read(row, 1))
                .With(shard.Value)
                .WithArray(NpgsqlDbType.Uuid, Array.ConvertAll(registered, r => r.Item.Id.Value));
        }
    }

    private Statement Prepared(PreparedRow[] rows) => Statement.Execute(InsertPrepared)
        .With(shard.Value)
        .WithArray(NpgsqlDbType.Uuid, Array.ConvertAll(rows, r => r.Context.Id.Value))
        .WithArray(NpgsqlDbType.Bigint, Array.ConvertAll(rows, r => r.PrepareTimestamp.Value))
        .WithArray(NpgsqlDbType.Bigint, Array.ConvertAll(rows, r => r.ValidUntil.Value))
        .WithArray(NpgsqlDbType.Bigint, Array.ConvertAll(rows, r => r.Generation.Value))
        .WithArray(NpgsqlDbType.Integer, Array.ConvertAll(rows, r => r.Operations))
        .WithArray(NpgsqlDbType.Bigint, Array.ConvertAll(rows, r => r.Context.Priority.Value))
        .WithArray(NpgsqlDbType.Bigint, Array.ConvertAll(rows, r => r.Context.Deadline.Value))
        .WithArray(NpgsqlDbType.Text, Array.ConvertAll(rows, r => r.Context.Coordinator.Name))
        .WithArray(NpgsqlDbType.Bigint, Array.ConvertAll(rows, r => r.Context.Coordinator.Incarnation.Value))
        .WithArray(NpgsqlDbType.Text, Array.ConvertAll(rows, r => r.Context.Client));

    private Statement Intents((TransactionId Id, RecordWrite Write)[] intents) =>
        WithWrites(Statement.Execute(InsertIntents).With(shard.Value), intents);

    private Statement Outcomes(PersistItem[] items)
    {
        Outcome[] outcomes = Array.ConvertAll(items, OutcomeOf);
        Statement statement = Statement.Execute(InsertOutcomes)
            .With(shard.Value)
            .WithArray(NpgsqlDbType.Uuid, Array.ConvertAll(items, i => i.Id.Value))
            .WithArray(NpgsqlDbType.Bigint, Array.ConvertAll(items, i => i.Id.IssuedAt.Value))
            .WithArray(NpgsqlDbType.Smallint, Array.ConvertAll(outcomes, o => (short)o.Kind))
            .WithArray(NpgsqlDbType.Bigint, Array.ConvertAll(outcomes, o => o.CommitTimestamp.Value))
            .WithArray(NpgsqlDbType.Smallint, Array.ConvertAll(outcomes, o => (short)o.Reason));
        return WithWrites(
            statement,
            [.. items.OfType<PersistItem.OnePhase>().SelectMany(p => p.Writes.Select(w => (p.Id, w)))]);
    }

    // X7: sent as json, so that PostgreSQL checks every value now, and keeps its bytes as they are.
    private static Statement WithWrites(Statement statement, (TransactionId Id, RecordWrite Write)[] writes) => statement
        .WithArray(NpgsqlDbType.Uuid, Array.ConvertAll(writes, w => w.Id.Value))
        .WithArray(NpgsqlDbType.Text, Array.ConvertAll(writes, w => w.Write.Record.Collection))
        .WithArray(NpgsqlDbType.Text, Array.ConvertAll(writes, w => w.Write.Record.Key))
        .WithArray(NpgsqlDbType.Json, Array.ConvertAll(writes, w => w.Write.Value?.ToArray()));

    private static Outcome OutcomeOf(PersistItem item) => item switch
    {
        PersistItem.OnePhase onePhase => Outcome.Committed(onePhase.CommitTimestamp),
        PersistItem.Tombstone tombstone => Outcome.Aborted(tombstone.Reason),
        _ => throw new InvalidOperationException($"{item.GetType().Name} has no outcome."),
    };

    private static T[] Select<T>(ImmutableArray<ApplyItem> items, Func<ApplyItem, T> selector) => [.. items.Select(selector)];
}
