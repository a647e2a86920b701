using Npgsql;

namespace Transactions.Storage;

/// <summary>A server's two pools of connections to one database: readers can't starve writers.</summary>
/// <remarks>Thread-safe. Disposing it closes every idle connection.</remarks>
public sealed class ConnectionPools : IAsyncDisposable
{
    private const int StatementsKeptPrepared = 64;

    // Every statement of ours finds few rows by an index. Statistics of tables that fill and empty all the time, or are new, say
    // otherwise, and a plan made by them stays with its connection: one that reads a queue's dead rows, or all that a
    // shard holds. So there is one plan for each statement, made once, by index and by nested loop.
    private const string PlanByIndex = """
        set plan_cache_mode = force_generic_plan;
        set enable_seqscan = off;
        set enable_bitmapscan = off;
        set enable_hashjoin = off;
        set enable_mergejoin = off;
        set jit = off
        """;

    /// <summary>Makes the pools; nothing is connected yet.</summary>
    public ConnectionPools(StorageOptions options)
    {
        Options = options;
        Reads = Build(options, "reads", options.ReadConnections);
        Writes = Build(options, "writes", options.WriteConnections);
    }

    /// <summary>What the pools were made from.</summary>
    public StorageOptions Options { get; }

    /// <summary>For statements that only read.</summary>
    public NpgsqlDataSource Reads { get; }

    /// <summary>For transactions that write.</summary>
    public NpgsqlDataSource Writes { get; }

    /// <summary>How long Npgsql waits for an answer: a little longer than the server's own limit, whose error says more.</summary>
    internal int CommandTimeoutSeconds => (int)Math.Ceiling(Options.CommandTimeout.TotalSeconds) + 2;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await Reads.DisposeAsync();
        await Writes.DisposeAsync();
    }

    private static NpgsqlDataSource Build(StorageOptions options, string use, int size)
    {
        NpgsqlDataSourceBuilder builder = new(options.ConnectionString) { Name = $"{options.ApplicationName} {use}" };
        NpgsqlConnectionStringBuilder settings = builder.ConnectionStringBuilder;
        settings.ApplicationName = options.ApplicationName;
        settings.MinPoolSize = 0;
        settings.MaxPoolSize = size;
        settings.Timeout = (int)Math.Ceiling(options.ConnectTimeout.TotalSeconds);
        settings.CommandTimeout = (int)Math.Ceiling(options.CommandTimeout.TotalSeconds) + 2;
        settings.MaxAutoPrepare = StatementsKeptPrepared;
        settings.AutoPrepareMinUsages = 2;

        // Every setting that we change ends with its transaction, so that there is nothing to reset.
        settings.NoResetOnClose = true;

        // A caller's ambient TransactionScope is no part of this protocol.
        settings.Enlist = false;
        settings.Multiplexing = false;
        builder.UsePhysicalConnectionInitializer(PlanStatementsByIndex, PlanStatementsByIndexAsync);
        return builder.Build();
    }

    private static void PlanStatementsByIndex(NpgsqlConnection connection)
    {
        using NpgsqlCommand command = new(PlanByIndex, connection);
        command.ExecuteNonQuery();
    }

    private static async Task PlanStatementsByIndexAsync(NpgsqlConnection connection)
    {
        await using NpgsqlCommand command = new(PlanByIndex, connection);
        await command.ExecuteNonQueryAsync();
    }
}
