using System.Reflection;
using DbUp;
using DbUp.Engine;
using DbUp.Engine.Output;
using Microsoft.Extensions.Logging;
using Npgsql;
using Polly;
using Polly.Retry;

namespace Transactions.Storage;

/// <summary>Brings the schema <c>txn</c> up to date at start: forward-only scripts, each run once.</summary>
/// <remarks>
/// Waits for PostgreSQL as long as it can't be reached. Any number of processes may start at once: they take turns under
/// an advisory lock. Each script runs in a transaction of its own.
/// </remarks>
/// <param name="options">How to reach PostgreSQL.</param>
/// <param name="loggers">Says what is waited for and what was run.</param>
/// <param name="timeProvider">Measures the pauses.</param>
public sealed class MigrationRunner(StorageOptions options, ILoggerFactory loggers, TimeProvider timeProvider)
{
    private const int LeastVersion = 150_000;

    // Where the schema is there, the role needs no right to make one.
    private const string MakeSchema = """
        do $$
        begin
            if not exists (select from pg_namespace where nspname = 'txn') then
                create schema txn;
            end if;
        end
        $$
        """;

    private readonly ILogger _logger = loggers.CreateLogger<MigrationRunner>();

    /// <summary>Runs the scripts embedded in an assembly that the database hasn't seen.</summary>
    /// <param name="scripts">Where the <c>*.sql</c> resources are, run in the order of their names.</param>
    /// <param name="journal">The table in <c>txn</c> that notes what was run.</param>
    /// <param name="cancellationToken">Stops waiting; a script that runs is finished.</param>
    /// <exception cref="MigrationFailedException">The database isn't fit, or a script failed; the message says which and why.</exception>
    /// <exception cref="OperationCanceledException">The token fired.</exception>
    public async Task RunAsync(Assembly scripts, string journal, CancellationToken cancellationToken)
    {
        NpgsqlConnectionStringBuilder target = new(options.ConnectionString)
        {
            ApplicationName = $"{options.ApplicationName} migrations",
            Pooling = false,
            Enlist = false,
            Timeout = (int)Math.Ceiling(options.ConnectTimeout.TotalSeconds),

            // An index on a large table takes as long as it takes; stopped half-way, the script would only begin again.
            CommandTimeout = 0,
        };

        // Holding the lock on a connection of its own, so that it outlives each script's transaction.
        await using NpgsqlConnection connection = new(target.ConnectionString);
        try
        {
            await Patience(target).ExecuteAsync(async token => await OpenAndLockAsync(connection, token), cancellationToken);
            await CheckServerAsync(connection, cancellationToken);
            await ExecuteAsync(connection, MakeSchema, cancellationToken);
        }
        catch (PostgresException e)
        {
            throw new MigrationFailedException(
                $"PostgreSQL at {target.Host}:{target.Port} refused to open database '{target.Database}': {e.MessageText} ({e.SqlState}).", e);
        }

        await Task.Run(() => Upgrade(target.ConnectionString, scripts, journal), CancellationToken.None);
    }

    // Only what a person can do nothing about but wait, or start PostgreSQL, is waited for: a wrong password isn't.
    private ResiliencePipeline Patience(NpgsqlConnectionStringBuilder target) =>
        new ResiliencePipelineBuilder { TimeProvider = timeProvider }
            .AddRetry(new RetryStrategyOptions
            {
                ShouldHandle = new PredicateBuilder().Handle<NpgsqlException>(IsWorthWaiting),
                MaxRetryAttempts = int.MaxValue,
                BackoffType = DelayBackoffType.Exponential,
                UseJitter = true,
                Delay = TimeSpan.FromMilliseconds(100),
                MaxDelay = options.MaxStartupPause.ToTimeSpan(),
                OnRetry = attempt =>
                {
                    Log.PostgresUnreachable(
                        _logger, target.Host, target.Port, target.Database, attempt.Outcome.Exception?.Message, attempt.RetryDelay);
                    return ValueTask.CompletedTask;
                },
            })
            .Build();

    private static bool IsWorthWaiting(NpgsqlException e) => e is not PostgresException server || SqlStates.IsTransient(server.SqlState);

    private static async ValueTask OpenAndLockAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await connection.CloseAsync();
        await connection.OpenAsync(cancellationToken);
        await using NpgsqlCommand command = new("select pg_advisory_lock($1)", connection) { CommandTimeout = 0 };
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = AdvisoryLocks.Migrations });
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static async Task CheckServerAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = new(
            "select current_setting('server_version_num')::int, current_setting('server_encoding'), current_setting('server_version')",
            connection);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        if (reader.GetInt32(0) < LeastVersion)
        {
            throw new MigrationFailedException(
                $"PostgreSQL {reader.GetString(2)} is too old: use version {LeastVersion / 10_000} or later.");
        }

        if (reader.GetString(1) != "UTF8")
        {
            throw new MigrationFailedException(
                $"The database is encoded in {reader.GetString(1)}: keys and values are UTF-8, so create it with encoding 'UTF8'.");
        }
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = new(sql, connection);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private void Upgrade(string connectionString, Assembly scripts, string journal)
    {
        DatabaseUpgradeResult result = DeployChanges.To
            .PostgresqlDatabase(connectionString)
            .WithScriptsEmbeddedInAssembly(scripts, name => name.EndsWith(".sql", StringComparison.Ordinal))
            .WithTransactionPerScript()
            .WithVariablesDisabled()
            .JournalToPostgresqlTable("txn", journal)
            .LogTo(new QuietLog())
            .Build()
            .PerformUpgrade();

        if (!result.Successful)
        {
            throw new MigrationFailedException(
                $"The migration {result.ErrorScript?.Name ?? "journal"} failed: {result.Error.Message}", result.Error);
        }

        foreach (SqlScript script in result.Scripts)
        {
            Log.Migrated(_logger, script.Name);
        }
    }

    // What matters is said by our own two messages.
    private sealed class QuietLog : IUpgradeLog
    {
        public void LogTrace(string format, params object[] args)
        {
        }

        public void LogDebug(string format, params object[] args)
        {
        }

        public void LogInformation(string format, params object[] args)
        {
        }

        public void LogWarning(string format, params object[] args)
        {
        }

        public void LogError(string format, params object[] args)
        {
        }

        public void LogError(Exception ex, string format, params object[] args)
        {
        }
    }
}
