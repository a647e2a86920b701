using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using NodaTime;
using Transactions.Contracts;
using Transactions.Model;
using Transactions.Participant;
using Xunit;

namespace Transactions.Client.Tests.Stores;

// Over real streams: what is sent, what is not, and what nobody knows.
public sealed class RemoteShardTests : IAsyncLifetime
{
    private World _world = null!;
    private FakeStore _store = null!;
    private Host _host = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _world = await World.StartAsync(isLocal: false);
        _store = new([_world.Payments, _world.Orders], _world.Secret);
        _host = await StartAsync(_store);
        _world.Home.Owners = [new(new(_world.Payments.Shard, new(1)), _host.Address.ToString())];
    }

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task RunAsync_ShardOfTheDirectory_CommitsAndReadsBack()
    {
        await RunPutAsync(_world.Client);

        Assert.Equal(1, await Counters(_world.Client).GetAsync("a", Token));
        List<int> all = await Counters(_world.Client).ScanAsync(ScanRange.All, cancellationToken: Token).Select(r => r.Value).ToListAsync(Token);
        Assert.Equal([1], all);
        Assert.Equal(1, _store.Streams);
        Assert.True(Assert.Single(Assert.Single(_world.Home.Commits).Shards).Wrote);
    }

    [Fact]
    public async Task RunAsync_ConfiguredService_OverridesTheDirectory()
    {
        _world.Home.Owners = [new(new(_world.Payments.Shard, new(9)), "http://127.0.0.1:1")];
        TransactionClient client = _world.MakeClient(isLocal: false, o => o.Services["payments"] = [_host.Address]);

        await RunPutAsync(client);

        Assert.Equal(1, _store.Streams);
    }

    [Fact]
    public async Task RunAsync_SeveralConfigured_FindsTheOwner()
    {
        Host other = await StartAsync(new FakeStore([], _world.Secret)
        {
            Refuses = new Refusal(RefusalStatus.Unavailable, RefusalReason.NotOwner, "not here") { MayRetry = true },
        });
        TransactionClient client = _world.MakeClient(
            isLocal: false, o => o.Services["payments"] = [new Uri("http://127.0.0.1:1"), other.Address, _host.Address]);

        CommitReceipt receipt = await RunPutAsync(client);

        Assert.Equal(1, receipt.Attempts);
    }

    [Fact]
    public async Task RunAsync_NotTheOwner_FollowsTheRedirect()
    {
        Host other = await StartAsync(new FakeStore([], _world.Secret)
        {
            Refuses = new Refusal(RefusalStatus.Unavailable, RefusalReason.NotOwner, "moved")
            {
                MayRetry = true, Redirect = _host.Address.ToString(),
            },
        });
        _world.Home.Owners = [new(new(_world.Payments.Shard, new(1)), other.Address.ToString())];

        CommitReceipt receipt = await RunPutAsync(_world.Client);

        Assert.Equal(1, receipt.Attempts);
        Assert.Equal(1, Assert.Single(Assert.Single(_world.Home.Commits).Shards).Operations);
    }

    [Fact]
    [Trait("Rule", "X2")]
    public async Task RunAsync_StreamBreaksUnanswered_DoomsAndRunsAgainOnANewStream()
    {
        _store.BreaksAfter = 0;

        CommitReceipt receipt = await RunPutAsync(_world.Client);

        Assert.Equal(2, receipt.Attempts);
        Assert.Equal(2, _store.Streams);
        Assert.Single(_world.Home.Aborts);
        Assert.Single(_world.Payments.Seen);
    }

    [Fact]
    public async Task RunAsync_NobodyThere_SendsNothingAndRunsAgainUntilTheDeadline()
    {
        _world.Home.Owners = [new(new(_world.Payments.Shard, new(1)), "http://127.0.0.1:1")];

        var aborted = await Assert.ThrowsAsync<TransactionAbortedException>(() => _world.Client.RunAsync(
            _ => Counters(_world.Client).PutAsync("a", 1, Token), new() { Timeout = Duration.FromSeconds(2) }, Token));

        Assert.Contains("127.0.0.1:1", aborted.ToString(), StringComparison.Ordinal);
        Assert.Empty(_world.Home.Commits);
    }

    [Fact]
    public async Task GetAsync_NobodyKnowsTheShard_SaysWhatHelps()
    {
        _world.Home.Owners = [];

        var refused = await Assert.ThrowsAsync<TransactionRefusedException>(() => Counters(_world.Client).GetAsync("a", Token));

        Assert.Contains("Transactions:Services:payments", refused.Message, StringComparison.Ordinal);
        Assert.True(refused.MayRetry);
    }

    [Fact]
    [Trait("Rule", "T5")]
    public async Task GetAsync_OtherCluster_IsRefused()
    {
        _store.Cluster = "elsewhere";

        var refused = await Assert.ThrowsAsync<TransactionRefusedException>(() => Counters(_world.Client).GetAsync("a", Token));

        Assert.Contains("hello", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task GetAsync_ManyAtOnce_GoInBatches()
    {
        _store.HoldsAnswers = new();
        Task<int>[] reads = [.. Enumerable.Range(0, 3_000).Select(_ => Counters(_world.Client).GetAsync("a", Token))];
        while (_world.Payments.ReadsAt.Count < reads.Length)
        {
            Assert.DoesNotContain(reads, read => read.IsFaulted);
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, Token);
        }

        _store.HoldsAnswers.SetResult();
        await Task.WhenAll(reads);

        Assert.Equal(reads.Length, _store.BatchSizes.Sum());
        Assert.InRange(_store.BatchSizes.Max(), 2, WireLimits.MaxFramesPerMessage);
        Assert.Equal(1, _store.Streams);
    }

    [Fact]
    public async Task GetAsync_QueueFull_IsRefusedNamingTheLimit()
    {
        TransactionClient client = _world.MakeClient(isLocal: false, o =>
        {
            o.MaxQueuedRequests = 1;
            o.Services["payments"] = [_host.Address];
        });

        Task<int>[] reads = [.. Enumerable.Range(0, 50).Select(_ => Counters(client).GetAsync("a", Token))];
        TransactionRefusedException[] refused = await Task.WhenAll(reads.Select(async read =>
        {
            try
            {
                await read;
                return null!;
            }
            catch (TransactionRefusedException failure)
            {
                return failure;
            }
        }));

        Assert.Contains(refused, r => r is not null && r.Message.Contains("MaxQueuedRequests", StringComparison.Ordinal));
        Assert.Contains(refused, r => r is null);
    }

    [Fact]
    [Trait("Rule", "X2")]
    public async Task Operation_Cancelled_StopsWaitingAndDooms()
    {
        _store.HoldsAnswers = new();
        await using RootTransaction transaction = await _world.Client.BeginAsync(cancellationToken: Token);
        using CancellationTokenSource cancel = new();
        Task put = _world.Client.Store("payments", transaction).Collection<int>("counters").PutAsync("a", 1, cancel.Token);
        while (_world.Payments.Seen.Count == 0)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, Token);
        }

        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => put);
        await Assert.ThrowsAsync<TransactionAbortedException>(() => transaction.CommitAsync(Token));
        _store.HoldsAnswers.SetResult();
    }

    [Fact]
    public async Task GetAsync_OwnerRestarted_ConnectsAgain()
    {
        Assert.Equal(0, await Counters(_world.Client).GetAsync("a", Token));
        int port = _host.Address.Port;
        await _host.DisposeAsync();
        await StartAsync(_store, port);

        Assert.Equal(0, await Counters(_world.Client).GetAsync("a", Token));
        Assert.Equal(2, _store.Streams);
    }

    private static StoreCollection<int> Counters(TransactionClient client) => client.Store("payments").Collection<int>("counters");

    private static Task<CommitReceipt> RunPutAsync(TransactionClient client) =>
        client.RunAsync(_ => Counters(client).PutAsync("a", 1, Token), cancellationToken: Token);

    private async Task<Host> StartAsync(FakeStore store, int port = 0) => _world.Keep(
        await Host.StartAsync(services => services.AddSingleton(store), app => app.MapGrpcService<FakeStore>(), port));
}
