using Transactions.Client;
using Transactions.LocalCluster;

namespace Transactions.IntegrationTests.Bank;

/// <summary>Moves money between accounts on two shards, and reads all of them at one timestamp.</summary>
internal sealed class BankClient : IAsyncDisposable
{
    public const int Accounts = 12;
    public const long OpeningBalance = 100;
    public const long Total = 2 * Accounts * OpeningBalance;

    private static readonly string[] Shards = ["east", "west"];

    private readonly TransactionClient _client;

    public BankClient(RunningCluster cluster, string name)
    {
        TransactionClientOptions options = new() { Cluster = cluster.Settings.Name, ClientId = name };
        foreach (Uri coordinator in cluster.CoordinatorAddresses)
        {
            options.Coordinators.Add(coordinator);
        }

        _client = new TransactionClient(options);
    }

    public async Task OpenAsync(CancellationToken cancellationToken) => await _client.RunAsync(
        async _ =>
        {
            foreach (string shard in Shards)
            {
                for (int i = 0; i < Accounts; i++)
                {
                    await At(shard).PutAsync($"{i}", new Account(OpeningBalance), cancellationToken);
                }
            }
        },
        cancellationToken: cancellationToken);

    /// <summary>Moves money from any account to any other, on the same shard or not. A conflict runs it again.</summary>
    public Task<CommitReceipt> TransferAsync(Random random, CancellationToken cancellationToken)
    {
        (string fromShard, string from) = (Shards[random.Next(2)], $"{random.Next(Accounts)}");
        (string toShard, string to) = (Shards[random.Next(2)], $"{random.Next(Accounts)}");
        long amount = random.Next(1, 10);
        return _client.RunAsync(
            async _ =>
            {
                if ((fromShard, from) == (toShard, to))
                {
                    return;
                }

                Account source = (await At(fromShard).GetForUpdateAsync(from, cancellationToken))!;
                Account target = (await At(toShard).GetForUpdateAsync(to, cancellationToken))!;
                if (source.Balance >= amount)
                {
                    await At(fromShard).PutAsync(from, new Account(source.Balance - amount), cancellationToken);
                    await At(toShard).PutAsync(to, new Account(target.Balance + amount), cancellationToken);
                }
            },
            cancellationToken: cancellationToken);
    }

    /// <summary>The sum of all balances at one timestamp.</summary>
    public async Task<long> SumAsync(CancellationToken cancellationToken)
    {
        Snapshot snapshot = await _client.SnapshotAsync(SnapshotOptions.Strong, cancellationToken);
        long sum = 0;
        foreach (string shard in Shards)
        {
            await foreach (StoreRecord<Account> account in snapshot.Store(shard).Collection<Account>("accounts").ScanAsync(ScanRange.All, cancellationToken: cancellationToken))
            {
                sum += account.Value.Balance;
            }
        }

        return sum;
    }

    public ValueTask DisposeAsync() => _client.DisposeAsync();

    private StoreCollection<Account> At(string shard) => _client.Store(shard).Collection<Account>("accounts");

    private sealed record Account(long Balance);
}
