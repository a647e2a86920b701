using Npgsql;
using Transactions.LocalPostgres;

namespace Transactions.Benchmarks.Transfers;

/// <summary>
/// What people write by hand: both shards prepared in parallel with <c>PREPARE TRANSACTION</c>, a durable decision row, both
/// committed in parallel. No isolation across shards beyond row locks, no recovery.
/// </summary>
internal sealed class RawTwoPhaseEngine : ITransferEngine
{
    private readonly NpgsqlDataSource _a;
    private readonly NpgsqlDataSource _b;
    private readonly NpgsqlDataSource _decisions;
    private long _transfers;

    private RawTwoPhaseEngine(NpgsqlDataSource a, NpgsqlDataSource b, NpgsqlDataSource decisions) => (_a, _b, _decisions) = (a, b, decisions);

    public string Name => "raw-2pc";

    public static async Task<RawTwoPhaseEngine> StartAsync(PostgresServer server, int accounts, CancellationToken cancellationToken)
    {
        RawTwoPhaseEngine engine = new(
            await OpenAsync(server, "raw_a", cancellationToken),
            await OpenAsync(server, "raw_b", cancellationToken),
            await OpenAsync(server, "raw_decisions", cancellationToken));
        foreach (NpgsqlDataSource shard in (NpgsqlDataSource[])[engine._a, engine._b])
        {
            await ExecuteAsync(shard, "create table accounts (id text primary key, amount bigint not null)", cancellationToken);
            await ExecuteAsync(
                shard,
                $"insert into accounts select i::text, {TransactionsEngine.OpeningBalance} from generate_series(0, {accounts - 1}) i",
                cancellationToken);
        }

        await ExecuteAsync(engine._decisions, "create table decisions (id text primary key, outcome int not null)", cancellationToken);
        return engine;
    }

    public async Task TransferAsync(int from, int to, CancellationToken cancellationToken)
    {
        // Names of prepared transactions are the whole server's.
        string id = $"t{Interlocked.Increment(ref _transfers)}";
        await using NpgsqlConnection a = await _a.OpenConnectionAsync(cancellationToken);
        await using NpgsqlConnection b = await _b.OpenConnectionAsync(cancellationToken);
        await Task.WhenAll(PrepareAsync(a, $"{id}a", from, -1, cancellationToken), PrepareAsync(b, $"{id}b", to, +1, cancellationToken));
        await using (NpgsqlCommand decide = _decisions.CreateCommand("insert into decisions values ($1, 1)"))
        {
            decide.Parameters.Add(new NpgsqlParameter<string> { TypedValue = id });
            await decide.ExecuteNonQueryAsync(cancellationToken);
        }

        await Task.WhenAll(RunAsync(a, $"commit prepared '{id}a'", cancellationToken), RunAsync(b, $"commit prepared '{id}b'", cancellationToken));
    }

    public async Task<long> TotalAsync(CancellationToken cancellationToken) =>
        await SumAsync(_a, cancellationToken) + await SumAsync(_b, cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await _a.DisposeAsync();
        await _b.DisposeAsync();
        await _decisions.DisposeAsync();
    }

    // Reads and writes as ours does, in as few round trips as Npgsql allows.
    private static async Task PrepareAsync(NpgsqlConnection shard, string id, int account, int change, CancellationToken cancellationToken)
    {
        await using NpgsqlBatch read = new(shard)
        {
            BatchCommands =
            {
                new NpgsqlBatchCommand("begin"),
                new NpgsqlBatchCommand("select amount from accounts where id = $1 for update")
                {
                    Parameters = { new NpgsqlParameter<string> { TypedValue = $"{account}" } },
                },
            },
        };
        long amount = (long)(await read.ExecuteScalarAsync(cancellationToken))!;
        await using NpgsqlBatch write = new(shard)
        {
            BatchCommands =
            {
                new NpgsqlBatchCommand("update accounts set amount = $2 where id = $1")
                {
                    Parameters =
                    {
                        new NpgsqlParameter<string> { TypedValue = $"{account}" },
                        new NpgsqlParameter<long> { TypedValue = amount + change },
                    },
                },
                new NpgsqlBatchCommand($"prepare transaction '{id}'"),
            },
        };
        await write.ExecuteNonQueryAsync(cancellationToken);
    }

    private static async Task RunAsync(NpgsqlConnection shard, string sql, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = new(sql, shard);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static async Task ExecuteAsync(NpgsqlDataSource database, string sql, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = database.CreateCommand(sql);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static async Task<long> SumAsync(NpgsqlDataSource shard, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = shard.CreateCommand("select sum(amount)::bigint from accounts");
        return (long)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    private static async Task<NpgsqlDataSource> OpenAsync(PostgresServer server, string database, CancellationToken cancellationToken)
    {
        NpgsqlConnectionStringBuilder settings = new(await server.CreateDatabaseAsync(database, cancellationToken))
        {
            MaxPoolSize = 100, MaxAutoPrepare = 20, NoResetOnClose = true,
        };
        return NpgsqlDataSource.Create(settings.ConnectionString);
    }
}
