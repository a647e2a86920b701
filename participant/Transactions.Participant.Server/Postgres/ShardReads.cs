using System.Collections.Immutable;
using Npgsql;
using NpgsqlTypes;
using Transactions.Clocks;
using Transactions.Model;
using Transactions.Storage;

namespace Transactions.Participant.Server.Postgres;

/// <summary>Reads versions as of a timestamp: all point reads of a batch in one statement, each range in one of its own.</summary>
internal sealed class ShardReads(ShardId shard, StoreReader reader, ConnectionPools pools)
{
    // S2: the horizon comes with the rows, from the same snapshot. A row without n says that nothing was found.
    private const string ReadPoints = """
        select s.history_horizon, r.n, r.commit_ts, r.value
        from txn.shard s
        left join lateral (
            select q.n, v.commit_ts, v.value
            from unnest($2::text[], $3::text[], $4::bigint[]) with ordinality q(collection, key, at, n)
            cross join lateral (
                select w.commit_ts, w.value
                from txn.versions w
                where w.shard = $1 and w.collection = q.collection and w.key = q.key and w.commit_ts <= q.at
                order by w.commit_ts desc
                limit 1
            ) v
        ) r on true
        where s.shard = $1
        """;

    // From key to key, one index step each, however many versions a key has: the first version met at or below the
    // timestamp is the key's newest. One live record more than the limit is looked for, to know whether there is one; and a
    // part of the range ends where it would be too much for a process's memory, live or deleted.
    private const string ReadRangeToEnd = $"""
        with recursive found as (
            (
                select v.key, v.commit_ts, v.value, (v.value is not null)::int as live, 1 as met,
                    coalesce(octet_length(v.value::text), 0)::bigint as bytes
                from txn.versions v
                where v.shard = $1 and v.collection = $2 and v.key >= $3 and v.commit_ts <= $4
                order by v.key, v.commit_ts desc
                limit 1
            )
            union all
            select n.key, n.commit_ts, n.value, f.live + (n.value is not null)::int, f.met + 1,
                f.bytes + coalesce(octet_length(n.value::text), 0)
            from found f
            cross join lateral (
                select v.key, v.commit_ts, v.value
                from txn.versions v
                where v.shard = $1 and v.collection = $2 and v.key > f.key and v.commit_ts <= $4
                order by v.key, v.commit_ts desc
                limit 1
            ) n
            where f.live <= $5 and f.met < $6 and f.bytes < $7
        )
        {RangeWithHorizon}
        """;

    // A statement of its own: "no end, or before it" would be no bound of the index, and the last step would read on to the
    // collection's end.
    private const string ReadRangeBefore = $"""
        with recursive found as (
            (
                select v.key, v.commit_ts, v.value, (v.value is not null)::int as live, 1 as met,
                    coalesce(octet_length(v.value::text), 0)::bigint as bytes
                from txn.versions v
                where v.shard = $1 and v.collection = $2 and v.key >= $3 and v.key < $8 and v.commit_ts <= $4
                order by v.key, v.commit_ts desc
                limit 1
            )
            union all
            select n.key, n.commit_ts, n.value, f.live + (n.value is not null)::int, f.met + 1,
                f.bytes + coalesce(octet_length(n.value::text), 0)
            from found f
            cross join lateral (
                select v.key, v.commit_ts, v.value
                from txn.versions v
                where v.shard = $1 and v.collection = $2 and v.key > f.key and v.key < $8 and v.commit_ts <= $4
                order by v.key, v.commit_ts desc
                limit 1
            ) n
            where f.live <= $5 and f.met < $6 and f.bytes < $7
        )
        {RangeWithHorizon}
        """;

    private const string RangeWithHorizon = """
        select s.history_horizon, f.key, f.commit_ts, f.value
        from txn.shard s
        left join found f on true
        where s.shard = $1
        order by f.key
        """;

    private const string ReadOutcome = "select kind, commit_ts, reason from txn.outcomes where shard = $1 and id = $2";

    public async Task<ImmutableArray<VersionsReadResult>> ReadVersionsAsync(
        ImmutableArray<VersionQuery> queries, CancellationToken cancellationToken)
    {
        List<RecordsAnswer> points = [];
        List<RangeAnswer> ranges = [];
        ImmutableArray<VersionAnswer>.Builder answers = ImmutableArray.CreateBuilder<VersionAnswer>(queries.Length);
        foreach (VersionQuery query in queries)
        {
            switch (query)
            {
                case VersionQuery.Records records:
                    points.Add(new RecordsAnswer(records));
                    answers.Add(points[^1]);
                    break;
                case VersionQuery.Range range:
                    ranges.Add(new RangeAnswer(range));
                    answers.Add(ranges[^1]);
                    break;
                default:
                    throw new InvalidOperationException($"Unknown query {query}.");
            }
        }

        try
        {
            List<Statement> statements = [.. ranges.Select(Range)];
            if (points.Count > 0)
            {
                statements.Add(Points(points));
            }

            await reader.ReadAsync(pools.Reads, statements, cancellationToken);
        }
        catch (StorageUnavailableException e)
        {
            return [.. queries.Select(_ => new VersionsReadResult.Failed(e.Message))];
        }

        return [.. answers.Select(a => a.Result())];
    }

    public async Task<Outcome?> ReadOutcomeAsync(TransactionId id, CancellationToken cancellationToken)
    {
        Outcome? outcome = null;
        Statement read = Statement.Query(ReadOutcome, r => outcome = OutcomeColumns.Read(r, 0)).With(shard.Value).With(id.Value);
        await reader.ReadAsync(pools.Reads, [read], cancellationToken);
        return outcome;
    }

    private Statement Points(List<RecordsAnswer> answers)
    {
        (RecordsAnswer Answer, RecordKey Key)[] asked =
            [.. answers.SelectMany(a => a.Query.Keys.Select(k => (a, k)))];
        return Statement
            .Query(ReadPoints, row =>
            {
                Timestamp horizon = new(row.GetInt64(0));
                answers.ForEach(a => a.Horizon = horizon);
                if (!row.IsDBNull(1))
                {
                    (RecordsAnswer answer, RecordKey key) = asked[row.GetInt64(1) - 1];
                    answer.Versions.Add(Version(row, key, 2));
                }
            })
            .With(shard.Value)
            .WithArray(NpgsqlDbType.Text, Array.ConvertAll(asked, a => a.Key.Collection))
            .WithArray(NpgsqlDbType.Text, Array.ConvertAll(asked, a => a.Key.Key))
            .WithArray(NpgsqlDbType.Bigint, Array.ConvertAll(asked, a => a.Answer.Query.At.Value));
    }

    private Statement Range(RangeAnswer answer)
    {
        (Timestamp at, KeyRange keys, int limit) = answer.Query;
        Statement statement = Statement
            .Query(keys.To is null ? ReadRangeToEnd : ReadRangeBefore, row =>
            {
                answer.Horizon = new Timestamp(row.GetInt64(0));
                if (!row.IsDBNull(1))
                {
                    answer.Add(Version(row, new RecordKey(keys.Collection, row.GetString(1)), 2));
                }
            })
            .With(shard.Value)
            .With(keys.Collection)
            .With(keys.From)
            .With(at.Value)
            .With(NpgsqlDbType.Integer, limit)
            .With(NpgsqlDbType.Integer, RangeAnswer.MostMet)
            .With(RangeAnswer.MostBytes);
        return keys.To is { } end ? statement.With(end) : statement;
    }

    private static RecordVersion Version(NpgsqlDataReader row, RecordKey key, int first) => new(
        key,
        new Timestamp(row.GetInt64(first)),
        row.IsDBNull(first + 1) ? null : new Document(row.GetFieldValue<byte[]>(first + 1)));
}
