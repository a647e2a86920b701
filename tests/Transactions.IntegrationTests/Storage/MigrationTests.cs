using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Transactions.Coordinator.Server.Postgres;
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
        Assert.Equal(2L, await eye.ReadAsync<long>("select count(*) from txn.participant_migrations"));
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
        await hand.RunAsync("create database latin encoding 'LATIN1' locale 'C' template template0");

        var refusal = await Assert.ThrowsAsync<MigrationFailedException>(() => PostgresDecisionLog.OpenAsync(
            ServerFixture.Storage(server.Server.ConnectionString("latin")), NullLoggerFactory.Instance, TimeProvider.System, Cancel));

        Assert.Contains("UTF8", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Open_DatabaseDoesNotExist_FailsAtOnce() => await Assert.ThrowsAsync<PostgresException>(() =>
        PostgresDecisionLog.OpenAsync(
            ServerFixture.Storage(server.Server.ConnectionString("nowhere")), NullLoggerFactory.Instance, TimeProvider.System, Cancel));
}
