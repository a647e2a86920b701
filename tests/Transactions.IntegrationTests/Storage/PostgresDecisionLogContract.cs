using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Transactions.Coordinator.Server;
using Transactions.Coordinator.Server.Postgres;
using Transactions.IntegrationTests.Fixtures;
using Transactions.TestKit.Storage;

namespace Transactions.IntegrationTests.Storage;

/// <summary>The decision log's contract on a real server: one database for all tests, emptied before each.</summary>
public abstract class PostgresDecisionLogContract(ServerFixture server) : DecisionLogContract
{
    public override async ValueTask InitializeAsync()
    {
        await (await OpenAsync()).DisposeAsync();
        await using NpgsqlConnection connection = new(await server.DatabaseOfAsync(GetType()));
        await connection.OpenAsync(Cancel);
        await using NpgsqlCommand empty = new("truncate txn.decisions, txn.cluster", connection);
        await empty.ExecuteNonQueryAsync(Cancel);
        await base.InitializeAsync();
    }

    protected override async Task<IDecisionLog> OpenAsync() => await PostgresDecisionLog.OpenAsync(
        ServerFixture.Storage(await server.DatabaseOfAsync(GetType())),
        NullLoggerFactory.Instance,
        TimeProvider.System,
        Cancel);
}
