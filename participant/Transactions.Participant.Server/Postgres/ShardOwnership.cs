using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Npgsql;
using NpgsqlTypes;
using Transactions.Clocks;
using Transactions.Model;
using Transactions.Storage;

namespace Transactions.Participant.Server.Postgres;

/// <summary>The shard's row and who owns it: takeover, renewal, hand-back, and the owner's own doubts (L1 to L6).</summary>
internal sealed class ShardOwnership(
    ShardId shard, FencedWrites writes, LostBackends lost, StoreReader reader, ConnectionPools pools, ILogger logger)
{
    private const int TakeoverAttempts = 3;
    private const int ReconcileAttempts = 2;

    private const string RowColumns =
        "generation, epoch, owner, endpoint, lease_until, visible_upto, history_horizon, outcomes_mark";

    private const string MakeRow = "insert into txn.shard (shard) values ($1) on conflict do nothing";

    private const string ReadRow = $"select {RowColumns} from txn.shard where shard = $1";

    private const string TakeOver = $"""
        update txn.shard
        set generation = generation + 1, owner = $4, endpoint = $5, lease_until = $6
        where shard = $1 and generation = $2 and lease_until = $3
        returning {RowColumns}
        """;

    // L3: the shared lock's holders are writes of the old owner; whoever holds or wants it exclusively is a rival, or an
    // owner's own step that can't hang. All in one statement, so that a lease renewed meanwhile protects its owner.
    private const string TerminateOldOwner = """
        select l.pid, pg_terminate_backend(l.pid)
        from pg_locks l
        where l.locktype = 'advisory'
            and l.database = (select d.oid from pg_database d where d.datname = current_database())
            and ((l.classid::bigint << 32) | l.objid::bigint) = $1
            and l.objsubid = 1
            and l.mode = 'ShareLock'
            and l.granted
            and l.pid <> pg_backend_pid()
            and exists (select from txn.shard s where s.shard = $2 and s.generation = $3 and s.lease_until = $4)
        """;

    // L6: only what we lost ourselves, and only while it still holds this shard's lock.
    private const string TerminateLost = """
        select l.pid, pg_terminate_backend(l.pid)
        from pg_locks l
        where l.locktype = 'advisory'
            and l.database = (select d.oid from pg_database d where d.datname = current_database())
            and ((l.classid::bigint << 32) | l.objid::bigint) = $1
            and l.objsubid = 1
            and l.granted
            and l.pid = any($2)
        """;

    // L4: its own fence. Behind the advisory lock it would starve while a takeover waits there.
    private const string Renew = """
        update txn.shard
        set lease_until = $3, visible_upto = greatest(visible_upto, $4)
        where shard = $1 and generation = $2 and lease_until < $3
        returning 1
        """;

    private const string IsGeneration = "select 1 from txn.shard where shard = $1 and generation = $2";

    private const string HandBack = "update txn.shard set lease_until = least(lease_until, $2) where shard = $1";

    // L6: to the epoch that the owner chose, so that one that comes after a later one raises nothing.
    private const string RaiseEpoch = """
        update txn.shard set epoch = $3 where shard = $1 and generation = $2 and epoch < $3 returning 1
        """;

    private const string FindPrepared = "select id from txn.prepared where shard = $1 and id = any($2)";

    private const string FindOutcomes = "select id, kind, commit_ts, reason from txn.outcomes where shard = $1 and id = any($2)";

    public async Task<ShardRow> ReadRowAsync(CancellationToken cancellationToken)
    {
        if (await FindRowAsync(cancellationToken) is { } row)
        {
            return row;
        }

        TransactionFate made = await writes.RunAsync([Statement.Execute(MakeRow).With(shard.Value)], cancellationToken);
        return made is TransactionFate.Committed && await FindRowAsync(cancellationToken) is { } fresh
            ? fresh
            : throw new StorageUnavailableException($"The row of shard {shard} couldn't be made: {made}");
    }

    public async Task<TakeoverResult> TakeOverAsync(
        ShardOwner self,
        Generation seen,
        Timestamp waitedOut,
        Timestamp leaseUntil,
        Action onRoundTrip,
        CancellationToken cancellationToken)
    {
        string failure = "";
        for (int attempt = 1; attempt <= TakeoverAttempts; attempt++)
        {
            try
            {
                // L3: re-read after the wait, before anybody is disturbed.
                ShardRow? row = await FindRowAsync(cancellationToken);
                if (row is null || row.Generation != seen || row.LeaseUntil != waitedOut)
                {
                    return new TakeoverResult.Lost();
                }
            }
            catch (StorageUnavailableException e)
            {
                return new TakeoverResult.Failed(e.Message);
            }

            onRoundTrip();
            ShardRow? won = null;
            TransactionFate fate = await writes.RunAsync(
                [
                    writes.ExclusiveLock(),
                    Statement.Query(TakeOver, r => won = Row(r))
                        .With(shard.Value).With(seen.Value).With(waitedOut.Value)
                        .With(self.Name).With(self.Endpoint).With(leaseUntil.Value),
                ],
                cancellationToken);
            onRoundTrip();
            switch (fate)
            {
                case TransactionFate.Committed:
                    lost.Clear();
                    return won is null ? new TakeoverResult.Lost() : new TakeoverResult.Won(won);
                case TransactionFate.RolledBack { SqlState: SqlStates.LockNotAvailable } blocked:
                    failure = blocked.Message;
                    await TerminateAsync(
                        TerminateOldOwner,
                        c => c.With(writes.LockKey).With(shard.Value).With(seen.Value).With(waitedOut.Value),
                        cancellationToken);
                    onRoundTrip();
                    break;
                default:
                    return new TakeoverResult.Failed(fate.ToString());
            }
        }

        return new TakeoverResult.Failed(failure);
    }

    public async Task<WriteResult> RenewAsync(
        Generation generation, Timestamp leaseUntil, Timestamp visibleUpto, CancellationToken cancellationToken)
    {
        bool renewed = false;
        bool isOurs = false;
        TransactionFate fate = await writes.RunAsync(
            [
                Statement.Query(Renew, _ => renewed = true)
                    .With(shard.Value).With(generation.Value).With(leaseUntil.Value).With(visibleUpto.Value),
                Statement.Query(IsGeneration, _ => isOurs = true).With(shard.Value).With(generation.Value),
            ],
            cancellationToken);
        return fate is not TransactionFate.Committed || renewed
            ? FencedWrites.Result(fate)
            : isOurs ? WriteResult.RolledBack : WriteResult.Fenced;
    }

    public async Task<WriteResult> HandBackAsync(Fence fence, Timestamp leaseUntil, CancellationToken cancellationToken) =>
        FencedWrites.Result(await writes.RunAsync(
            fence, [Statement.Execute(HandBack).With(shard.Value).With(leaseUntil.Value)], cancellationToken));

    public async Task<ReconcileResult> ReconcileAsync(
        Generation generation,
        long epoch,
        ImmutableArray<TransactionId> doubtful,
        Action onRoundTrip,
        CancellationToken cancellationToken)
    {
        for (int attempt = 1; ; attempt++)
        {
            bool isRaised = false;
            bool isOurs = false;
            ImmutableHashSet<TransactionId>.Builder prepared = ImmutableHashSet.CreateBuilder<TransactionId>();
            ImmutableDictionary<TransactionId, Outcome>.Builder outcomes =
                ImmutableDictionary.CreateBuilder<TransactionId, Outcome>();
            Guid[] ids = [.. doubtful.Select(d => d.Value)];

            // The lock waits for writes of ours that have begun; the epoch fences those that haven't; only then is it read.
            TransactionFate fate = await writes.RunAsync(
                [
                    writes.ExclusiveLock(),
                    Statement.Query(RaiseEpoch, _ => isRaised = true).With(shard.Value).With(generation.Value).With(epoch),
                    Statement.Query(IsGeneration, _ => isOurs = true).With(shard.Value).With(generation.Value),
                    Statement.Query(FindPrepared, r => prepared.Add(new(r.GetGuid(0))))
                        .With(shard.Value).WithArray(NpgsqlDbType.Uuid, ids),
                    Statement.Query(FindOutcomes, r => outcomes.Add(new(r.GetGuid(0)), OutcomeColumns.Read(r, 1)))
                        .With(shard.Value).WithArray(NpgsqlDbType.Uuid, ids),
                ],
                cancellationToken);
            onRoundTrip();
            switch (fate)
            {
                // What it found may be older than what was written under the later epoch.
                case TransactionFate.Committed when isOurs && !isRaised:
                    throw new StorageUnavailableException($"Shard {shard} has reached epoch {epoch} already: a later look came first.");
                case TransactionFate.Committed:
                    lost.Clear();
                    return new ReconcileResult(isRaised ? epoch : null, prepared.ToImmutable(), outcomes.ToImmutable());
                case TransactionFate.RolledBack { SqlState: SqlStates.LockNotAvailable } when attempt < ReconcileAttempts:
                    await TerminateAsync(
                        TerminateLost,
                        c => c.With(writes.LockKey).WithArray(NpgsqlDbType.Integer, lost.ToArray()),
                        cancellationToken);
                    onRoundTrip();
                    break;
                default:
                    throw new StorageUnavailableException($"Shard {shard} couldn't look for its doubtful writes: {fate}");
            }
        }
    }

    // Best effort: a failure here costs time, never truth.
    private async Task TerminateAsync(string sql, Action<Statement> bind, CancellationToken cancellationToken)
    {
        Statement statement = Statement.Query(
            sql, r => PostgresLog.Terminated(logger, shard, r.GetInt32(0), r.GetBoolean(1)));
        bind(statement);
        try
        {
            await reader.ReadAsync(pools.Writes, [statement], cancellationToken);
        }
        catch (StorageUnavailableException e)
        {
            PostgresLog.TerminateFailed(logger, shard, e.Message);
        }
    }

    private async Task<ShardRow?> FindRowAsync(CancellationToken cancellationToken)
    {
        ShardRow? found = null;
        await reader.ReadAsync(
            pools.Writes, [Statement.Query(ReadRow, r => found = Row(r)).With(shard.Value)], cancellationToken);
        return found;
    }

    private static ShardRow Row(NpgsqlDataReader row) => new(
        new Generation(row.GetInt64(0)),
        row.GetInt64(1),
        row.GetString(2),
        row.GetString(3),
        new Timestamp(row.GetInt64(4)),
        new Timestamp(row.GetInt64(5)),
        new Timestamp(row.GetInt64(6)),
        new Timestamp(row.GetInt64(7)));
}
