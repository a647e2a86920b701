using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using NpgsqlTypes;
using Transactions.Clocks;
using Transactions.Model;
using Transactions.Storage;

namespace Transactions.Coordinator.Server.Postgres;

/// <summary>Notes what is applied, raises the low-water mark, and deletes what nobody needs any more (D5).</summary>
internal sealed class DecisionRetention(OneTripTransaction transaction, ILogger logger)
{
    private const int RowsPerStep = 1_000;
    private const int MostSteps = 500;

    // Locked in the order of ids, since several coordinators note the same transactions.
    private const string NoteApplied = """
        with noted as (
            select a.id, array_agg(a.shard) as shards from unnest($1::uuid[], $2::text[]) a(id, shard) group by a.id
        ), locked as (
            select d.id from txn.decisions d join noted n on n.id = d.id
            where d.applied_at is null
            order by d.id
            for no key update of d
        )
        update txn.decisions d
        set unapplied = txn.without(d.unapplied, n.shards),
            applied_at = case when txn.without(d.unapplied, n.shards) = '{}' then txn.present() end
        from noted n
        join locked l on l.id = n.id
        where d.id = n.id and d.applied_at is null
        """;

    private const string LockMark = "select pg_advisory_xact_lock($1)";

    private const string RaiseMark = "update txn.cluster set mark = greatest(mark, $1) returning mark";

    // The retention counts from the last Applied: by the mark's own distance from the present it is over when the mark has
    // passed that moment.
    private const string DeleteRows = """
        delete from txn.decisions d
        where d.id in (
            select x.id from txn.decisions x
            where x.id < $1 and x.applied_at <= $2
            order by x.id
            limit $3)
        returning 1
        """;

    public async Task<bool> MarkAppliedAsync(
        ImmutableArray<(TransactionId Id, ShardId Shard)> applied, CancellationToken cancellationToken)
    {
        Statement note = Statement.Execute(NoteApplied)
            .WithArray<Guid>(NpgsqlDbType.Uuid, [.. applied.Select(a => a.Id.Value)])
            .WithArray<string>(NpgsqlDbType.Text, [.. applied.Select(a => a.Shard.Value)]);
        return await transaction.RunAsync([note], cancellationToken) is TransactionFate.Committed;
    }

    public async Task<Timestamp> PruneAsync(Timestamp mark, CancellationToken cancellationToken)
    {
        Timestamp? raised = null;
        TransactionFate fate = await transaction.RunAsync(
            [ExclusiveLock(), Statement.Query(RaiseMark, row => raised = new Timestamp(row.GetInt64(0))).With(mark.Value)],
            cancellationToken);
        if (fate is not TransactionFate.Committed || raised is not { } now)
        {
            throw new StorageUnavailableException($"The low-water mark couldn't be raised: {fate}");
        }

        for (int step = 0; step < MostSteps; step++)
        {
            // Under the lock, too: else a row could go between an insert that it stopped and that insert's read-back.
            int deleted = 0;
            fate = await transaction.RunAsync(
                [
                    ExclusiveLock(),
                    Statement.Query(DeleteRows, _ => deleted++)
                        .With(IssueDate.FirstIdAfter(now.Value)).With(now.Value).With(NpgsqlDbType.Integer, RowsPerStep),
                ],
                cancellationToken);
            if (fate is not TransactionFate.Committed)
            {
                PostgresLog.PruningPaused(logger, fate.ToString());
            }

            if (deleted < RowsPerStep || fate is not TransactionFate.Committed)
            {
                break;
            }
        }

        return now;
    }

    private static Statement ExclusiveLock() => Statement.Query(LockMark).With(DecisionRecording.MarkLock);
}
