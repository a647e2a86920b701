using Microsoft.Extensions.Logging;
using NpgsqlTypes;
using Transactions.Clocks;
using Transactions.Model;
using Transactions.Storage;

namespace Transactions.Participant.Server.Postgres;

/// <summary>Raises a shard's history horizon and outcomes mark, and deletes what lies below them (S2, D5).</summary>
/// <remarks>
/// Whoever reads learns of the horizon from the snapshot that reads, so deleting in later transactions than the raise is
/// enough for it. The deletes go in small steps; what one call leaves, the next one finds.
/// </remarks>
internal sealed class ShardPruning(ShardId shard, FencedWrites writes, ILogger logger)
{
    private const int RowsPerStep = 2_000;
    private const int MostSteps = 200;

    // D5: run alone, so that no insert is under way that read the mark before.
    private const string Raise = """
        update txn.shard
        set history_horizon = greatest(history_horizon, $2), outcomes_mark = greatest(outcomes_mark, $3)
        where shard = $1
        returning history_horizon, outcomes_mark, pruned_upto
        """;

    // The versions committed in a window supersede all older ones of their keys, and a tombstone supersedes itself once
    // nothing older is left. Both go in one statement, so that nothing deleted ever comes back to life.
    private const string DeleteVersions = """
        with step as materialized (
            select v.collection, v.key, v.commit_ts, v.value is null as is_tombstone
            from txn.versions v
            where v.shard = $1 and v.commit_ts > $2 and v.commit_ts <= $3
                and (v.commit_ts >> 10) >= ($2 >> 10) and (v.commit_ts >> 10) <= ($3 >> 10)
        )
        delete from txn.versions old
        using step s
        where old.shard = $1 and old.collection = s.collection and old.key = s.key
            and (old.commit_ts < s.commit_ts or (s.is_tombstone and old.commit_ts = s.commit_ts))
        """;

    private const string EndOfStep = """
        select coalesce(max(s.commit_ts), $3)
        from (
            select v.commit_ts from txn.versions v
            where v.shard = $1 and v.commit_ts > $2 and v.commit_ts <= $3
                and (v.commit_ts >> 10) >= ($2 >> 10) and (v.commit_ts >> 10) <= ($3 >> 10)
            order by v.commit_ts >> 10, v.commit_ts
            limit $4
        ) s
        """;

    private const string NotePruned = "update txn.shard set pruned_upto = greatest(pruned_upto, $2) where shard = $1";

    private const string DeleteOutcomes = """
        delete from txn.outcomes o
        where o.shard = $1 and o.id in (
            select x.id from txn.outcomes x where x.shard = $1 and x.id < $2 order by x.id limit $3)
        returning 1
        """;

    public async Task<WriteResult> PruneAsync(
        Fence fence, Timestamp historyHorizon, Timestamp outcomesMark, Action onRoundTrip, CancellationToken cancellationToken)
    {
        Timestamp horizon = default;
        Timestamp mark = default;
        Timestamp pruned = default;
        TransactionFate raised = await writes.RunAloneAsync(
            fence,
            [
                Statement
                    .Query(Raise, r => (horizon, mark, pruned) = (new(r.GetInt64(0)), new(r.GetInt64(1)), new(r.GetInt64(2))))
                    .With(shard.Value).With(historyHorizon.Value).With(outcomesMark.Value),
            ],
            cancellationToken);
        if (raised is not TransactionFate.Committed)
        {
            return FencedWrites.Result(raised);
        }

        onRoundTrip();
        TransactionFate? failed = await DeleteVersionsAsync(fence, pruned, horizon, onRoundTrip, cancellationToken)
            ?? await DeleteOutcomesAsync(fence, mark, onRoundTrip, cancellationToken);
        if (failed is null)
        {
            return WriteResult.Committed;
        }

        PostgresLog.PruningPaused(logger, shard, failed.ToString());
        return FencedWrites.Result(failed) is WriteResult.Fenced ? WriteResult.Fenced : WriteResult.Committed;
    }

    private async Task<TransactionFate?> DeleteVersionsAsync(
        Fence fence, Timestamp from, Timestamp horizon, Action onRoundTrip, CancellationToken cancellationToken)
    {
        for (int step = 0; step < MostSteps && from < horizon; step++)
        {
            Timestamp to = horizon;
            TransactionFate looked = await writes.RunAsync(
                fence,
                [
                    Statement.Query(EndOfStep, r => to = new(r.GetInt64(0)))
                        .With(shard.Value).With(from.Value).With(horizon.Value).With(NpgsqlDbType.Integer, RowsPerStep),
                ],
                cancellationToken);
            if (looked is not TransactionFate.Committed)
            {
                return looked;
            }

            onRoundTrip();
            TransactionFate deleted = await writes.RunAsync(
                fence,
                [
                    Statement.Execute(DeleteVersions).With(shard.Value).With(from.Value).With(to.Value),
                    Statement.Execute(NotePruned).With(shard.Value).With(to.Value),
                ],
                cancellationToken);
            if (deleted is not TransactionFate.Committed)
            {
                return deleted;
            }

            onRoundTrip();
            from = to;
        }

        return null;
    }

    private async Task<TransactionFate?> DeleteOutcomesAsync(
        Fence fence, Timestamp mark, Action onRoundTrip, CancellationToken cancellationToken)
    {
        for (int step = 0; step < MostSteps; step++)
        {
            int deleted = 0;
            TransactionFate fate = await writes.RunAsync(
                fence,
                [
                    Statement.Query(DeleteOutcomes, _ => deleted++)
                        .With(shard.Value).With(IssueDate.FirstIdAfter(mark.Value)).With(NpgsqlDbType.Integer, RowsPerStep),
                ],
                cancellationToken);
            if (fate is not TransactionFate.Committed)
            {
                return fate;
            }

            onRoundTrip();
            if (deleted < RowsPerStep)
            {
                return null;
            }
        }

        return null;
    }
}
