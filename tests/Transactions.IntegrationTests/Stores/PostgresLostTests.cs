using Grpc.Core;
using Grpc.Net.Client;
using Npgsql;
using Transactions.Contracts.V1;
using Transactions.IntegrationTests.Fixtures;
using Transactions.LocalCluster;
using Transactions.LocalPostgres;
using Transactions.Model;
using Xunit;

namespace Transactions.IntegrationTests.Stores;

/// <summary>A participant without its PostgreSQL says so, waits, and serves again when it is back.</summary>
public sealed class PostgresLostTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Store_PostgresDownAtStartAndLostUnderWay_IsUnavailableUntilItIsBack()
    {
        await using PostgresServer server = await PostgresServer.StartAsync(PostgresOptions.FromEnvironment(), Token);
        using TemporaryFolder logs = new("lost");
        ClusterSettings settings = new() { Name = "lost", LeaseDuration = TimeSpan.FromMinutes(1) };
        string decisions = await server.CreateDatabaseAsync("decisions", Token);
        string database = await server.CreateDatabaseAsync("solo", Token);
        await using ServiceProcess coordinator = settings.Coordinator("coordinator-1", decisions, logs.Path);
        await coordinator.StartAsync(Token);

        await server.KillAsync();
        await using ServiceProcess participant = settings.Participant(
            ServiceDescription.StandAlone("solo"), database, [coordinator.Address!], new Dictionary<string, Uri>(), logs.Path);
        await participant.StartAsync(Token);
        using GrpcChannel channel = GrpcChannel.ForAddress(participant.Address!);
        Store.StoreClient store = new(channel);

        await Expected.RefusalAsync(
            Refusal.Unavailable(
                RefusalReason.StorageUnavailable, "Shard solo/0 isn't open here yet: PostgreSQL is being waited for. Try again shortly"),
            () => ReadAsync(store));
        NpgsqlConnectionStringBuilder down = new(database);
        await UntilAsync(() => participant.LogTail(200).Contains(
            $"PostgreSQL at {down.Host}:{down.Port}, database 'solo', can't be used yet", StringComparison.Ordinal));
        Assert.Contains("trying again in", participant.LogTail(200), StringComparison.Ordinal);

        await server.StartAgainAsync();
        await UntilServedAsync(store);

        await server.KillAsync();
        await Expected.RefusalAsync(
            Refusal.Unavailable(RefusalReason.StorageUnavailable, "Shard solo/0 can't read from PostgreSQL…try again shortly"), () => ReadAsync(store));

        await server.StartAgainAsync();
        await UntilServedAsync(store);
    }

    private static async Task<GetAtReply> ReadAsync(Store.StoreClient store) => await store.GetAtAsync(
        new GetAtRequest { Shard = "solo/0", Collection = "things", Keys = { "nothing" } }, cancellationToken: Token);

    private static async Task UntilServedAsync(Store.StoreClient store)
    {
        while (true)
        {
            try
            {
                await ReadAsync(store);
                return;
            }
            catch (RpcException e) when (e.StatusCode == StatusCode.Unavailable)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, Token);
            }
        }
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        while (!condition())
        {
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, Token);
        }
    }
}
