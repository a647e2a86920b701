using System.Diagnostics;
using Npgsql;
using Xunit;

namespace Transactions.LocalPostgres.Tests;

/// <summary>What every backend keeps, whichever it is.</summary>
public abstract class ServerContract(PostgresBackend backend, int? version, TimeSpan goneAfterParent)
{
    private static readonly TimeSpan AtOnce = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Silence = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private PostgresOptions Options => new() { Backend = backend, Version = version };

    [Fact]
    public async Task Start_Backend_SaysWhatItTookButNoSecret()
    {
        List<string> log = [];
        await using PostgresServer server = await PostgresServer.StartAsync(Options with { Log = log.Add }, Cancellation);

        string password = new NpgsqlConnectionStringBuilder(server.ConnectionString()).Password!;
        Assert.Contains("PostgreSQL", server.Description, StringComparison.Ordinal);
        Assert.Contains(server.Description, Assert.Single(log, line => line.StartsWith("PostgreSQL from", StringComparison.Ordinal)), StringComparison.Ordinal);
        Assert.True(password.Length >= 32);
        Assert.DoesNotContain(log, line => line.Contains(password, StringComparison.Ordinal));
        if (version is not null)
        {
            Assert.StartsWith($"{version}.", await ScalarAsync<string>(server.ConnectionString(), "show server_version"), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Start_WrongPassword_IsRefused()
    {
        await using PostgresServer server = await PostgresServer.StartAsync(Options, Cancellation);

        string wrong = new NpgsqlConnectionStringBuilder(server.ConnectionString()) { Password = "wrong" }.ConnectionString;
        PostgresException refusal = await Assert.ThrowsAsync<PostgresException>(() => ScalarAsync<int>(wrong, "select 1"));

        Assert.Equal(PostgresErrorCodes.InvalidPassword, refusal.SqlState);
    }

    [Fact]
    public async Task Start_WithSettings_AppliesThem()
    {
        Dictionary<string, string> settings = new() { ["max_connections"] = "37", ["cluster_name"] = "it's \\ odd" };
        PostgresOptions options = Options with { Settings = settings };
        await using PostgresServer server = await PostgresServer.StartAsync(options, Cancellation);

        Assert.Equal("37", await ScalarAsync<string>(server.ConnectionString(), "show max_connections"));
        Assert.Equal("it's \\ odd", await ScalarAsync<string>(server.ConnectionString(), "show cluster_name"));
    }

    [Theory]
    [InlineData(true, "on")]
    [InlineData(false, "off")]
    public async Task Start_Durable_DecidesOnFsyncAlone(bool durable, string fsync)
    {
        await using PostgresServer server = await PostgresServer.StartAsync(Options with { Durable = durable }, Cancellation);

        Assert.Equal(fsync, await ScalarAsync<string>(server.ConnectionString(), "show fsync"));
        Assert.Equal(fsync, await ScalarAsync<string>(server.ConnectionString(), "show full_page_writes"));
        Assert.Equal("on", await ScalarAsync<string>(server.ConnectionString(), "show synchronous_commit"));
    }

    [Fact]
    public async Task CreateDatabase_OddName_IsReachedByItsConnectionString()
    {
        const string Name = "Odd \"name\"; drop";
        await using PostgresServer server = await PostgresServer.StartAsync(Options, Cancellation);

        string connectionString = await server.CreateDatabaseAsync(Name, Cancellation);

        Assert.Equal(Name, await ScalarAsync<string>(connectionString, "select current_database()::text"));
        PostgresException again = await Assert.ThrowsAsync<PostgresException>(() => server.CreateDatabaseAsync(Name, Cancellation));
        Assert.Equal(PostgresErrorCodes.DuplicateDatabase, again.SqlState);
    }

    [Fact]
    public async Task Kill_ThenStartAgain_KeepsWhatWasCommitted()
    {
        await using PostgresServer server = await PostgresServer.StartAsync(Options, Cancellation);
        await server.CreateDatabaseAsync("kept", Cancellation);
        await ScalarAsync<object>(server.ConnectionString("kept"), "create table t (x int); insert into t values (42)");
        await using NpgsqlConnection open = await OpenAsync(server.ConnectionString("kept"));

        await server.KillAsync();

        await Assert.ThrowsAnyAsync<NpgsqlException>(() => ScalarAsync<int>(open, "select 1"));
        await Assert.ThrowsAnyAsync<NpgsqlException>(() => ScalarAsync<int>(server.ConnectionString("kept"), "select 1"));

        await server.StartAgainAsync();

        Assert.Equal(42, await ScalarAsync<int>(server.ConnectionString("kept"), "select x from t"));

        await server.KillAsync();
        await server.StartAgainAsync();

        Assert.Equal(42, await ScalarAsync<int>(server.ConnectionString("kept"), "select x from t"));
    }

    [Fact]
    public async Task Pause_ThenResume_AnswersOnTheSameConnection()
    {
        await using PostgresServer server = await PostgresServer.StartAsync(Options, Cancellation);
        await using NpgsqlConnection connection = await OpenAsync(server.ConnectionString());

        await server.PauseAsync();
        Task<int> asked = ScalarAsync<int>(connection, "select 7");
        await Task.Delay(Silence, TimeProvider.System, Cancellation);
        Assert.False(asked.IsCompleted);

        await server.ResumeAsync();
        Assert.Equal(7, await asked.WaitAsync(Patience, TimeProvider.System, Cancellation));
    }

    [Fact]
    public async Task Kill_PausedServer_StartsAgain()
    {
        await using PostgresServer server = await PostgresServer.StartAsync(Options, Cancellation);
        await server.PauseAsync();

        await server.KillAsync();
        await server.StartAgainAsync();

        Assert.Equal(1, await ScalarAsync<int>(server.ConnectionString(), "select 1"));
    }

    [Fact]
    public async Task Move_FromWrongState_IsRefused()
    {
        await using PostgresServer server = await PostgresServer.StartAsync(Options, Cancellation);

        await Assert.ThrowsAsync<InvalidOperationException>(server.StartAgainAsync);
        await Assert.ThrowsAsync<InvalidOperationException>(server.ResumeAsync);
        await server.KillAsync();
        await Assert.ThrowsAsync<InvalidOperationException>(server.KillAsync);
        await Assert.ThrowsAsync<InvalidOperationException>(server.PauseAsync);
    }

    [Theory]
    [InlineData("nothing")]
    [InlineData("pause")]
    [InlineData("kill")]
    public async Task Dispose_InAnyState_LeavesNothing(string before)
    {
        PostgresServer server = await PostgresServer.StartAsync(Options, Cancellation);
        await using NpgsqlConnection connection = await OpenAsync(server.ConnectionString());
        await (before switch { "pause" => server.PauseAsync(), "kill" => server.KillAsync(), _ => Task.CompletedTask });

        await server.DisposeAsync();
        await server.DisposeAsync();

        await Leftovers.AssertNoneAsync(server.Remains, AtOnce, Cancellation);
        await Assert.ThrowsAsync<InvalidOperationException>(server.KillAsync);
    }

    [Theory]
    [InlineData("nothing")]
    [InlineData("pause")]
    [InlineData("kill")]
    public async Task ParentKilled_InAnyState_LeavesNothing(string before)
    {
        await using Holder holder = await Holder.StartAsync(backend, version, before, Cancellation);
        Assert.True(Leftovers.IsRunning(holder.Remains));

        await holder.KillAsync();

        await Leftovers.AssertNoneAsync(holder.Remains, goneAfterParent, Cancellation);
        await Assert.ThrowsAnyAsync<NpgsqlException>(() => ScalarAsync<int>(holder.ConnectionString, "select 1"));
    }

    [Fact]
    public async Task Start_SeveralAtOnce_AllAnswer()
    {
        PostgresServer[] servers = await Task.WhenAll(
            Enumerable.Range(0, 3).Select(_ => PostgresServer.StartAsync(Options, Cancellation)));
        try
        {
            int[] ports = [.. servers.Select(server => new NpgsqlConnectionStringBuilder(server.ConnectionString()).Port)];
            Assert.Equal(ports.Length, ports.Distinct().Count());
            Assert.All(await Task.WhenAll(servers.Select(server => ScalarAsync<int>(server.ConnectionString(), "select 1"))), one => Assert.Equal(1, one));
        }
        finally
        {
            await Task.WhenAll(servers.Select(server => server.DisposeAsync().AsTask()));
        }
    }

    [Fact]
    public async Task Start_Server_ListensOnLoopbackOnly()
    {
        await using PostgresServer server = await PostgresServer.StartAsync(Options, Cancellation);

        int port = new NpgsqlConnectionStringBuilder(server.ConnectionString()).Port;
        string hex = port.ToString("X4");
        string[] listening = [.. File.ReadLines("/proc/net/tcp").Concat(File.ReadLines("/proc/net/tcp6"))
            .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Where(fields => fields[1].EndsWith($":{hex}", StringComparison.Ordinal) && fields[3] == "0A")
            .Select(fields => fields[1])];

        Assert.Equal([$"0100007F:{hex}"], listening);
    }

    internal static async Task<T> ScalarAsync<T>(string connectionString, string sql)
    {
        await using NpgsqlConnection connection = await OpenAsync(connectionString);
        return await ScalarAsync<T>(connection, sql);
    }

    private static async Task<T> ScalarAsync<T>(NpgsqlConnection connection, string sql)
    {
        await using NpgsqlCommand command = new(sql, connection);
        return (T)(await command.ExecuteScalarAsync(Cancellation))!;
    }

    private static async Task<NpgsqlConnection> OpenAsync(string connectionString)
    {
        NpgsqlConnection connection = new(new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false }.ConnectionString);
        await connection.OpenAsync(Cancellation);
        return connection;
    }
}
