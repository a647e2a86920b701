using Grpc.Core;
using Transactions.Client;
using Transactions.LocalCluster;
using Transactions.LocalPostgres;

namespace Transactions.Benchmarks.Transfers;

/// <summary>Ours: a coordinator and two participants as processes; the client reaches their stores over gRPC.</summary>
internal sealed class TransactionsEngine : ITransferEngine
{
    public const long OpeningBalance = 1_000_000;

    private readonly RunningCluster _cluster;
    private readonly TransactionClient _client;

    private TransactionsEngine(RunningCluster cluster, TransactionClient client) => (_cluster, _client) = (cluster, client);

    public string Name => "transactions";

    public static async Task<TransactionsEngine> StartAsync(PostgresServer server, int accounts, string logs, CancellationToken cancellationToken)
    {
        RunningCluster cluster = await RunningCluster.StartAsync(
            server,
            new ClusterSettings { Name = "benchmark", LeaseDuration = TimeSpan.FromSeconds(10) },
            [ServiceDescription.StandAlone("a"), ServiceDescription.StandAlone("b")],
            coordinators: 1,
            logs,
            prefix: "ours_",
            cancellationToken: cancellationToken);
        TransactionClientOptions options = new() { Cluster = cluster.Settings.Name, ClientId = "benchmark" };
        options.Coordinators.Add(cluster.CoordinatorAddresses[0]);
        TransactionsEngine engine = new(cluster, new TransactionClient(options));
        await engine.FillAsync(accounts, cancellationToken);
        return engine;
    }

    public Task TransferAsync(int from, int to, CancellationToken cancellationToken) => _client.RunAsync(
        async _ =>
        {
            StoreCollection<Balance> a = Accounts("a");
            StoreCollection<Balance> b = Accounts("b");
            Task<Balance?> reading = a.GetForUpdateAsync($"{from}", cancellationToken);
            Balance there = (await b.GetForUpdateAsync($"{to}", cancellationToken))!;
            Balance here = (await reading)!;
            await Task.WhenAll(
                a.PutAsync($"{from}", new Balance(here.Amount - 1), cancellationToken),
                b.PutAsync($"{to}", new Balance(there.Amount + 1), cancellationToken));
        },
        cancellationToken: cancellationToken);

    public async Task<long> TotalAsync(CancellationToken cancellationToken)
    {
        Snapshot snapshot = await _client.SnapshotAsync(SnapshotOptions.Strong, cancellationToken);
        long total = 0;
        foreach (string shard in (string[])["a", "b"])
        {
            await foreach (StoreRecord<Balance> account in snapshot.Store(shard).Collection<Balance>("accounts").ScanAsync(ScanRange.All, cancellationToken: cancellationToken))
            {
                total += account.Value.Amount;
            }
        }

        return total;
    }

    public async ValueTask DisposeAsync()
    {
        await _client.DisposeAsync();
        await _cluster.DisposeAsync();
    }

    private StoreCollection<Balance> Accounts(string shard) => _client.Store(shard).Collection<Balance>("accounts");

    private async Task FillAsync(int accounts, CancellationToken cancellationToken)
    {
        long startedAt = TimeProvider.System.GetTimestamp();
        foreach (int[] some in Enumerable.Range(0, accounts).Chunk(200))
        {
            while (true)
            {
                try
                {
                    await _client.RunAsync(
                        async _ =>
                        {
                            await Task.WhenAll(some.Select(i => Accounts("a").PutAsync($"{i}", new Balance(OpeningBalance), cancellationToken)));
                            await Task.WhenAll(some.Select(i => Accounts("b").PutAsync($"{i}", new Balance(OpeningBalance), cancellationToken)));
                        },
                        cancellationToken: cancellationToken);
                    break;
                }
                catch (TransactionRefusedException e) when (e.MayRetry && TimeProvider.System.GetElapsedTime(startedAt) < TimeSpan.FromSeconds(30))
                {
                    // The participants take their shards over.
                    await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System, cancellationToken);
                }
            }
        }
    }

    private sealed record Balance(long Amount);
}
