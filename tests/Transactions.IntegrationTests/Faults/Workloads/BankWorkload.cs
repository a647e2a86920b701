using System.Collections.Immutable;
using NodaTime;
using Transactions.Client;
using Transactions.Histories;

namespace Transactions.IntegrationTests.Faults;

/// <summary>Moves money between accounts of all services; the total never changes.</summary>
internal sealed class BankWorkload(FaultCluster cluster, string prefix, int seed) : IWorkload
{
    /// <summary>What each account begins with.</summary>
    public const long OpeningBalance = 100;

    private const int AccountsPerService = 6;
    private const int Workers = 4;
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(15);

    private static readonly RunOptions s_unhurried = new() { Timeout = Duration.FromTimeSpan(FaultCluster.MaxLifetime) };

    private readonly TransactionClient _client = cluster.Connect($"{prefix}-bank", TimeSpan.FromSeconds(60));
    private readonly ListKey[] _accounts =
        [.. FaultCluster.Services.SelectMany(service => Enumerable.Range(0, AccountsPerService).Select(i => new ListKey(service, $"{i}")))];

    public string Name => "bank";

    public Recording Recording { get; } = new();

    /// <summary>The accounts' names in the history.</summary>
    public IReadOnlyList<string> Accounts => [.. _accounts.Select(account => $"{account}")];

    /// <summary>What they add up to.</summary>
    public long Total => _accounts.Length * OpeningBalance;

    public Task OpenAsync(CancellationToken cancellationToken)
    {
        RecordedProcess opener = Recording.NewProcess();
        return Patience.UntilAsync(
            "opening accounts",
            async () => await Recording.RunAsync(opener, _client, [], OpenAccountsAsync, told => told, s_unhurried) ? null : "The transaction is aborted.",
            cancellationToken);
    }

    public Task RunAsync(CancellationToken stop) => Task.WhenAll(Enumerable.Range(0, Workers)
        .Select(worker => Task.Run(() => WorkAsync(new Random(unchecked((seed * 31) + worker)), stop), CancellationToken.None)));

    public async Task ReadAllAsync(CancellationToken cancellationToken)
    {
        RecordedProcess reader = Recording.NewProcess();
        await Patience.UntilAsync(
            "reading accounts under locks",
            async () => await SumAsync(reader) ? null : "The transaction is aborted.",
            cancellationToken);
        await Patience.UntilAsync(
            "reading accounts at a snapshot", async () => await ScanAsync(reader) ? null : "It is refused.", cancellationToken);
    }

    public ValueTask DisposeAsync() => _client.DisposeAsync();

    private async Task WorkAsync(Random random, CancellationToken stop)
    {
        RecordedProcess process = Recording.NewProcess();
        while (!stop.IsCancellationRequested)
        {
            await (random.Next(20) switch
            {
                < 15 => TransferAsync(process, random),
                < 16 => SumAsync(process),
                _ => ScanAsync(process),
            });
            await Task.Delay(LongestPause * random.NextDouble(), TimeProvider.System, CancellationToken.None);
        }
    }

    private async Task<ImmutableArray<Operation>> OpenAccountsAsync(List<Operation> tried)
    {
        foreach (ListKey account in _accounts)
        {
            tried.Add(Operation.Write($"{account}", OpeningBalance));
            await At(_client.Store, account).PutAsync(account.Key, new Account(OpeningBalance));
        }

        return [.. tried];
    }

    private Task<bool> TransferAsync(RecordedProcess process, Random random)
    {
        ListKey from = _accounts[random.Next(_accounts.Length)];
        ListKey to = _accounts[random.Next(_accounts.Length)];
        long amount = random.Next(1, 10);
        return from == to
            ? Task.FromResult(true)
            : Recording.RunAsync(process, _client, [], tried => MoveAsync(from, to, amount, tried), told => told);
    }

    private async Task<ImmutableArray<Operation>> MoveAsync(ListKey from, ListKey to, long amount, List<Operation> tried)
    {
        long source = (await At(_client.Store, from).GetForUpdateAsync(from.Key))!.Balance;
        long target = (await At(_client.Store, to).GetForUpdateAsync(to.Key))!.Balance;
        tried.Add(Operation.Read($"{from}", source));
        tried.Add(Operation.Read($"{to}", target));
        if (source >= amount)
        {
            tried.Add(Operation.Write($"{from}", source - amount));
            await At(_client.Store, from).PutAsync(from.Key, new Account(source - amount));
            tried.Add(Operation.Write($"{to}", target + amount));
            await At(_client.Store, to).PutAsync(to.Key, new Account(target + amount));
        }

        return [.. tried];
    }

    private Task<bool> SumAsync(RecordedProcess process) => Recording.RunAsync(
        process, _client, [], _ => ScanAllAsync(_client.Store, CancellationToken.None), told => told);

    private Task<bool> ScanAsync(RecordedProcess process) => Recording.ReadAsync(
        process, _client, SnapshotOptions.Strong, (snapshot, token) => ScanAllAsync(snapshot.Store, token));

    private async Task<ImmutableArray<Operation>> ScanAllAsync(Func<string, IStore> stores, CancellationToken cancellationToken)
    {
        List<Operation> found = [];
        foreach (ListKey[] accounts in _accounts.GroupBy(account => account.Service).Select(service => service.ToArray()))
        {
            Dictionary<string, long> balances = [];
            await foreach (StoreRecord<Account> account in At(stores, accounts[0]).ScanAsync(ScanRange.All, cancellationToken: cancellationToken))
            {
                balances.Add(account.Key, account.Value.Balance);
            }

            found.AddRange(accounts.Select(account =>
                Operation.Read($"{account}", balances.TryGetValue(account.Key, out long balance) ? balance : null)));
        }

        return [.. found];
    }

    private StoreCollection<Account> At(Func<string, IStore> stores, ListKey account) =>
        stores(account.Service).Collection<Account>($"accounts-{prefix}");

    private sealed record Account(long Balance);
}
