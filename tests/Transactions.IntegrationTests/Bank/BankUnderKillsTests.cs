using Npgsql;
using Transactions.Client;
using Transactions.IntegrationTests.Fixtures;
using Transactions.LocalCluster;
using Transactions.LocalPostgres;
using Xunit;

namespace Transactions.IntegrationTests.Bank;

/// <summary>Transfers go on while a participant, a coordinator and PostgreSQL are killed: no money comes or goes, nothing stays undecided.</summary>
public sealed class BankUnderKillsTests
{
    private const int Workers = 6;
    private const int TransfersBetweenKills = 40;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact(Timeout = 240_000)]
    [Trait("Rule", "X9")]
    [Trait("Rule", "D2")]
    [Trait("Rule", "D3")]
    [Trait("Rule", "D4")]
    [Trait("Rule", "L3")]
    public async Task Total_UnderTransfersAndKills_IsPreservedInEverySnapshot()
    {
        await using PostgresServer server = await PostgresServer.StartAsync(
            PostgresOptions.FromEnvironment() with
            {
                Durable = true,
                Settings = new Dictionary<string, string> { ["max_connections"] = "200" },
            },
            TestContext.Current.CancellationToken);
        using TemporaryFolder logs = new("bank");
        await using RunningCluster cluster = await RunningCluster.StartAsync(
            server,
            new ClusterSettings { Name = "bank", LeaseDuration = TimeSpan.FromSeconds(1.5) },
            [ServiceDescription.StandAlone("east"), ServiceDescription.StandAlone("west")],
            coordinators: 2,
            logs.Path,
            cancellationToken: Token);
        await using BankClient bank = new(cluster, "bank");
        await UntilAsync(() => SucceedsAsync(() => bank.OpenAsync(Token)));

        using CancellationTokenSource ending = CancellationTokenSource.CreateLinkedTokenSource(Token);
        Tally tally = new();
        Task working = Task.WhenAll(
            Enumerable.Range(0, Workers).Select(seed => TransferAsync(bank, seed, tally, ending.Token))
                .Append(WatchAsync(bank, tally, ending.Token)));

        await CommitMoreAsync(tally);
        await RestartAsync(cluster.Services["east"]);
        await CommitMoreAsync(tally);
        await RestartAsync(cluster.Coordinators[0]);
        await CommitMoreAsync(tally);
        await server.KillAsync();
        await server.StartAgainAsync();
        await CommitMoreAsync(tally);
        await ending.CancelAsync();
        await working;

        await UntilAsync(async () => await CountPreparedAsync(cluster) == 0);
        Assert.Equal(BankClient.Total, await bank.SumAsync(Token));
        Assert.Empty(tally.UnbalancedSnapshots);
        Assert.True(tally.Snapshots > 0, "No snapshot was read.");
        Assert.Empty(tally.InDoubt);

        // A condition, not a duration: each phase ends when enough has been committed in it.
        async Task CommitMoreAsync(Tally counted)
        {
            int enough = counted.Committed + TransfersBetweenKills;
            await UntilAsync(() => Task.FromResult(working.IsCompleted || counted.Committed >= enough));
            Assert.False(working.IsFaulted, working.Exception?.ToString());
        }
    }

    private static async Task TransferAsync(BankClient bank, int seed, Tally tally, CancellationToken cancellationToken)
    {
        Random random = new(seed);
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                await bank.TransferAsync(random, CancellationToken.None);
                tally.CountCommit();
            }
            catch (TransactionInDoubtException unknown)
            {
                tally.InDoubt.Add(unknown.Message);
            }
            catch (Exception e) when (e is TransactionAbortedException or TransactionRefusedException)
            {
                // Not committed, and said so: what is down comes back.
                await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, CancellationToken.None);
            }
        }
    }

    private static async Task WatchAsync(BankClient bank, Tally tally, CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                tally.CountSnapshot(await bank.SumAsync(CancellationToken.None));
            }
            catch (TransactionRefusedException)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, CancellationToken.None);
            }
        }
    }

    private static async Task RestartAsync(ServiceProcess process)
    {
        await process.KillAsync();
        await process.StartAsync(Token);
    }

    private static async Task<long> CountPreparedAsync(RunningCluster cluster)
    {
        long count = 0;
        foreach (string service in cluster.Services.Keys)
        {
            await using NpgsqlConnection connection = new(cluster.Database(service));
            await connection.OpenAsync(Token);
            await using NpgsqlCommand command = new("select count(*) from txn.prepared", connection);
            count += (long)(await command.ExecuteScalarAsync(Token))!;
        }

        return count;
    }

    private static async Task<bool> SucceedsAsync(Func<Task> action)
    {
        try
        {
            await action();
            return true;
        }
        catch (Exception e) when (e is TransactionRefusedException or TransactionAbortedException)
        {
            return false;
        }
    }

    private static async Task UntilAsync(Func<Task<bool>> condition)
    {
        while (!await condition())
        {
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, Token);
        }
    }

    private sealed class Tally
    {
        private int _committed;

        public int Committed => Volatile.Read(ref _committed);

        public int Snapshots { get; private set; }

        public List<long> UnbalancedSnapshots { get; } = [];

        public System.Collections.Concurrent.ConcurrentBag<string> InDoubt { get; } = [];

        public void CountCommit() => Interlocked.Increment(ref _committed);

        public void CountSnapshot(long sum)
        {
            Snapshots++;
            if (sum != BankClient.Total)
            {
                UnbalancedSnapshots.Add(sum);
            }
        }
    }
}
