using System.Collections.Immutable;
using NodaTime;
using Transactions.Client;
using Transactions.Histories;

namespace Transactions.IntegrationTests.Faults;

/// <summary>Appends to lists over all shards, reads them under locks, and at snapshots of now and of the past.</summary>
internal sealed class ListWorkload : IWorkload
{
    private const int WorkersPerClient = 3;
    private const int ReadAtOnce = 40;
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(15);

    private readonly string _prefix;
    private readonly int _seed;
    private readonly KeyPool _keys;
    private readonly IReadOnlyList<TransactionClient> _clients;

    /// <summary>Makes its clients: all but the last wait for outcomes for long.</summary>
    public ListWorkload(FaultCluster cluster, string prefix, int seed)
    {
        (_prefix, _seed, _keys) = (prefix, seed, new KeyPool(prefix, FaultCluster.Services));
        _clients =
        [
            cluster.Connect($"{prefix}-lists-1", TimeSpan.FromSeconds(60)),
            cluster.Connect($"{prefix}-lists-2", TimeSpan.FromSeconds(60)),
            cluster.Connect($"{prefix}-lists-hasty", TimeSpan.FromSeconds(0.3)),
        ];
    }

    public string Name => "lists";

    public Recording Recording { get; } = new();

    public Task OpenAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task RunAsync(CancellationToken stop) => Task.WhenAll(
        _clients.SelectMany((client, c) => Enumerable.Range(0, WorkersPerClient)
            .Select(w => Task.Run(() => WorkAsync(client, new Random(HashCode(c, w)), stop), CancellationToken.None))));

    public async Task ReadAllAsync(CancellationToken cancellationToken)
    {
        RecordedProcess reader = Recording.NewProcess();
        foreach (ListKey[] keys in _keys.All.Chunk(ReadAtOnce))
        {
            await Patience.UntilAsync(
                "reading lists under locks",
                async () => await ReadAsync(reader, _clients[0], keys) ? null : "The transaction is aborted.",
                cancellationToken);
            await Patience.UntilAsync(
                "reading lists at a snapshot",
                async () => await ReadAtAsync(reader, _clients[0], SnapshotOptions.Strong, keys) ? null : "It is refused.",
                cancellationToken);
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (TransactionClient client in _clients)
        {
            await client.DisposeAsync();
        }
    }

    private int HashCode(int client, int worker) => unchecked((_seed * 397) ^ (client * 31) ^ worker);

    private async Task WorkAsync(TransactionClient client, Random random, CancellationToken stop)
    {
        RecordedProcess process = Recording.NewProcess();
        for (int count = 0; !stop.IsCancellationRequested; count++)
        {
            await (random.Next(20) switch
            {
                < 12 => AppendAsync(process, client, random, new RunOptions()),
                < 13 => AppendAsync(process, client, random, new RunOptions { IdempotencyKey = $"{_prefix}-{process.Number}-{count}" }),
                < 15 => ReadAsync(process, client, Some(random)),
                < 18 => ReadAtAsync(process, client, SnapshotOptions.Strong, Some(random)),
                _ => ReadAtAsync(process, client, Past(random), Some(random)),
            });
            await Task.Delay(LongestPause * random.NextDouble(), TimeProvider.System, CancellationToken.None);
        }
    }

    // Reads and appends in any order, the same list perhaps twice. Some clients lose patience at any moment.
    private async Task AppendAsync(RecordedProcess process, TransactionClient client, Random random, RunOptions options)
    {
        Step[] steps = [.. Enumerable.Range(0, random.Next(1, 4)).Select(_ => random.Next(4) == 0
            ? new Step(_keys.Next(random), null)
            : Step.Append(_keys.NextElement(random)))];
        using CancellationTokenSource impatience = new();
        if (random.Next(25) == 0)
        {
            impatience.CancelAfter(TimeSpan.FromMilliseconds(random.Next(1, 60)));
        }

        ImmutableArray<Operation> appends = [.. steps.Where(step => step.Element is not null).Select(step => step.Write)];
        await Recording.RunAsync(
            process,
            client,
            appends,
            tried => TakeAsync(client, steps, tried),
            found => [.. steps.Zip(found).SelectMany(pair => pair.First.Told(pair.Second))],
            options,
            impatience.Token);
    }

    private static async Task<long[][]> TakeAsync(TransactionClient client, Step[] steps, List<Operation> tried)
    {
        long[][] found = new long[steps.Length][];
        for (int i = 0; i < steps.Length; i++)
        {
            Step step = steps[i];
            StoreCollection<long[]> lists = client.Store(step.Key.Service).Collection<long[]>("lists");
            found[i] = (step.Element is null ? await lists.GetAsync(step.Key.Key) : await lists.GetForUpdateAsync(step.Key.Key)) ?? [];
            if (step.Element is { } element)
            {
                tried.Add(step.Write);
                await lists.PutAsync(step.Key.Key, [.. found[i], element]);
            }
        }

        return found;
    }

    private Task<bool> ReadAsync(RecordedProcess process, TransactionClient client, ListKey[] keys) => Recording.RunAsync(
        process,
        client,
        [],
        async _ => await ReadListsAsync(client.Store, keys, CancellationToken.None),
        found => found,
        new RunOptions());

    private async Task<bool> ReadAtAsync(RecordedProcess process, TransactionClient client, SnapshotOptions at, ListKey[] keys) =>
        await Recording.ReadAsync(process, client, at, (snapshot, token) => ReadListsAsync(snapshot.Store, keys, token));

    private static async Task<ImmutableArray<Operation>> ReadListsAsync(
        Func<string, IStore> stores, ListKey[] keys, CancellationToken cancellationToken)
    {
        List<Operation> found = [];
        foreach (IGrouping<string, ListKey> service in keys.GroupBy(key => key.Service))
        {
            ListKey[] some = [.. service];
            IReadOnlyList<StoreRecord<long[]>?> lists = await stores(service.Key).Collection<long[]>("lists")
                .GetManyAsync([.. some.Select(key => key.Key)], cancellationToken);
            found.AddRange(some.Zip(lists, (key, list) => Operation.Read($"{key}", [.. list?.Value ?? []])));
        }

        return [.. found];
    }

    private ListKey[] Some(Random random) =>
        [.. Enumerable.Range(0, random.Next(1, 5)).Select(_ => _keys.Next(random)).Distinct()];

    private SnapshotOptions Past(Random random) =>
        SnapshotOptions.BoundedStaleness(Duration.FromMilliseconds(random.Next(1, 3_000)));

    private sealed record Step(ListKey Key, long? Element)
    {
        public Operation Write => Operation.Append($"{Key}", Element!.Value);

        public static Step Append((ListKey Key, long Element) next) => new(next.Key, next.Element);

        public IEnumerable<Operation> Told(long[] found) =>
            Element is null ? [Operation.Read($"{Key}", [.. found])] : [Operation.Read($"{Key}", [.. found]), Write];
    }
}
