using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Transactions.Coordinator.Server.Postgres;
using Transactions.IntegrationTests.Coordinator;
using Transactions.IntegrationTests.Fixtures;
using Transactions.Model;
using Transactions.Participant.Server.Postgres;
using Transactions.Storage;
using Xunit;

namespace Transactions.IntegrationTests.Storage;

public sealed class MigrationTests(PostgresFixture server)
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Open_ManyProcessesAtOnce_EachScriptRunsOnce()
    {
        string database = await server.NewDatabaseAsync(nameof(MigrationTests));

        IAsyncDisposable[] opened = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => Task.Run(async () => i % 2 == 0
            ? (IAsyncDisposable)await PostgresShardStore.OpenAsync(
                ShardId.Parse($"payments/{i}"), ServerFixture.Storage(database), NullLoggerFactory.Instance, TimeProvider.System, Cancel)
            : await PostgresDecisionLog.OpenAsync(
                ServerFixture.Storage(database), NullLoggerFactory.Instance, TimeProvider.System, Cancel))));

        await using Backend eye = await Backend.OpenAsync(database, Cancel);
        Assert.Equal(3L, await eye.ReadAsync<long>("select count(*) from txn.participant_migrations"));
        Assert.Equal(1L, await eye.ReadAsync<long>("select count(*) from txn.coordinator_migrations"));
        foreach (IAsyncDisposable one in opened)
        {
            await one.DisposeAsync();
        }
    }

    [Fact]
    public async Task Open_DatabaseIsNotUtf8_IsRefusedWithTheRemedy()
    {
        await using Backend hand = await Backend.OpenAsync(server.Server.ConnectionString(), Cancel);
        string latin = server.NewName("latin");
        await hand.RunAsync($"create database {latin} encoding 'LATIN1' locale 'C' template template0");

        var refusal = await Assert.ThrowsAsync<MigrationFailedException>(() => PostgresDecisionLog.OpenAsync(
            ServerFixture.Storage(server.Server.ConnectionString(latin)), NullLoggerFactory.Instance, TimeProvider.System, Cancel));

        Assert.Contains("UTF8", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Open_DatabaseDoesNotExist_IsRefusedAtOnce()
    {
        var refusal = await Assert.ThrowsAsync<MigrationFailedException>(() => PostgresDecisionLog.OpenAsync(
            ServerFixture.Storage(server.Server.ConnectionString("nowhere")), NullLoggerFactory.Instance, TimeProvider.System, Cancel));

        Assert.Contains("'nowhere'", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Open_RoleThatMayOnlyUseTheSchema_NeedsNoMore()
    {
        string database = await server.NewDatabaseAsync(nameof(MigrationTests));
        await (await OpenAsync(database)).DisposeAsync();
        await using Backend hand = await Backend.OpenAsync(database, Cancel);
        string role = server.NewName("lesser");
        await hand.RunAsync($"create role {role} login password 'lesser'");
        try
        {
            await hand.RunAsync($"grant usage on schema txn to {role}");
            await hand.RunAsync($"grant all on all tables in schema txn to {role}");
            await using PostgresShardStore store = await OpenAsync(
                new NpgsqlConnectionStringBuilder(database) { Username = role, Password = "lesser" }.ConnectionString);

            Assert.Equal(new Generation(0), (await store.ReadShardRowAsync(Cancel)).Generation);
        }
        finally
        {
            await hand.RunAsync($"drop owned by {role}");
            await hand.RunAsync($"drop role {role}");
        }
    }

    [Theory]
    [InlineData("begin", "create schema txn")]
    [InlineData("create schema txn", "begin", "create table txn.participant_migrations (held_up int)")]
    public async Task Open_PostgresLostWhileMigrating_IsTriedAgain(params string[] heldUpBy)
    {
        string database = await server.NewDatabaseAsync(nameof(MigrationTests));
        await using CuttableProxy proxy = new(database);
        await using Backend hand = await Backend.OpenAsync(database, Cancel);
        foreach (string statement in heldUpBy)
        {
            await hand.RunAsync(statement);
        }

        LogLines log = new();
        using ILoggerFactory loggers = LoggerFactory.Create(logging => logging.AddProvider(log));
        Task<PostgresShardStore> opening = PostgresShardStore.OpenAsync(
            ShardId.Parse("payments/0"), ServerFixture.Storage(proxy.ConnectionString), loggers, TimeProvider.System, Cancel);
        await using Backend eye = await Backend.OpenAsync(database, Cancel);
        await eye.UntilWaitingAsync(1, Cancel);

        proxy.Cut();
        await Eventually.IsTrueAsync(() => Task.FromResult(log.Count(2904) >= 1), () => string.Join('\n', log.All));

        // The server heard nothing of the cut, and what was begun there would hold its locks until it did.
        await eye.RunAsync(
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid not in (pg_backend_pid(), $1)",
            hand.Process);
        await hand.RunAsync("rollback");

        await using PostgresShardStore store = await opening;
        Assert.Equal(new Generation(0), (await store.ReadShardRowAsync(Cancel)).Generation);
    }

    private static Task<PostgresShardStore> OpenAsync(string database) => PostgresShardStore.OpenAsync(
        ShardId.Parse("payments/0"), ServerFixture.Storage(database), NullLoggerFactory.Instance, TimeProvider.System, Cancel);
}
