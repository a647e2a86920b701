using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Transactions.Clocks;
using Transactions.IntegrationTests.Fixtures;
using Transactions.Model;
using Transactions.Participant;
using Transactions.Participant.Server;
using Transactions.Participant.Server.Postgres;
using Transactions.Storage;
using Transactions.TestKit.Storage;
using Xunit;

namespace Transactions.IntegrationTests.Storage;

/// <summary>What people read with SQL ends at visible_upto, and starts at the history horizon (S4, S2).</summary>
public sealed class ViewTests(PostgresFixture server) : IAsyncLifetime
{
    private const string Latest = "select coalesce(string_agg(key || '=' || value::text, ' ' order by key), '') from txn.latest where shard = $1";
    private const string StateAt = "select coalesce(string_agg(key || '=' || value::text, ' ' order by key), '') from txn.state_at($1, $2)";

    private static readonly ShardId s_shard = ShardId.Parse("payments/0");

    private readonly Ids _ids = new();
    private IShardStore _store = null!;
    private Backend _eye = null!;
    private Fence _fence;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        string database = await server.NewDatabaseAsync(nameof(ViewTests));
        _store = await OpenAsync(database, s_shard);
        _fence = await OwnAsync(_store);
        _eye = await Backend.OpenAsync(database, Cancel);

        // Another shard in the same database, whose records have the same keys.
        await using IShardStore other = await OpenAsync(database, ShardId.Parse("orders/0"));
        Fence otherFence = await OwnAsync(other);
        await CommitAsync(other, otherFence, 10, Put("a", "\"other\""));
        await other.RenewAsync(otherFence.Generation, Ids.At(100), Ids.At(50), Cancel);

        await CommitAsync(_store, _fence, 10, Put("a", "1"), Put("b", "1"));
        await CommitAsync(_store, _fence, 20, Put("a", "2"), new RecordWrite(new("accounts", "b"), null));
        await CommitAsync(_store, _fence, 30, Put("a", "3"), Put("c", "3"));
    }

    public async ValueTask DisposeAsync()
    {
        await _eye.DisposeAsync();
        await _store.DisposeAsync();
    }

    [Theory]
    [Trait("Rule", "S4")]
    [InlineData(9, "")]
    [InlineData(10, "a=1 b=1")]
    [InlineData(29, "a=2")]
    [InlineData(30, "a=3 c=3")]
    public async Task Latest_UpToWhatIsVisible_ShowsTheStateThere(long visibleUpto, string expected)
    {
        await _store.RenewAsync(_fence.Generation, Ids.At(1_000), Ids.At(visibleUpto), Cancel);

        Assert.Equal(expected, await _eye.ReadAsync<string>(Latest, s_shard.Value));
    }

    [Fact]
    [Trait("Rule", "S4")]
    [Trait("Rule", "S2")]
    public async Task StateAt_WithinBounds_ShowsThePastAndRefusesTheRest()
    {
        await _store.RenewAsync(_fence.Generation, Ids.At(1_000), Ids.At(25), Cancel);
        Assert.Equal("a=1 b=1", await _eye.ReadAsync<string>(StateAt, s_shard.Value, Ids.At(19).Value));
        Assert.Equal("a=2", await _eye.ReadAsync<string>(StateAt, s_shard.Value, Ids.At(20).ToInstant().ToDateTimeUtc()));
        Assert.Equal("a=2", await _eye.ReadAsync<string>(StateAt, s_shard.Value, Ids.At(25).Value));
        await AssertNotReadableAsync(Ids.At(25).Next());

        await _store.PruneAsync(_fence, Ids.At(20), default, Cancel);
        Assert.Equal("a=2", await _eye.ReadAsync<string>(StateAt, s_shard.Value, Ids.At(20).Value));
        await AssertNotReadableAsync(Ids.At(20).Previous());
    }

    [Fact]
    public async Task ToTime_ATimestamp_IsItsMicrosecond()
    {
        Timestamp moment = Timestamp.FromMicroseconds(1_600_000_000_123_457, counter: 5);

        Assert.Equal(moment.ToInstant().ToDateTimeUtc(), await _eye.ReadAsync<DateTime>("select txn.to_time($1)", moment.Value));
        Assert.Equal(
            moment.Microseconds,
            await _eye.ReadAsync<long>("select txn.from_time(txn.to_time($1)) >> 10", moment.Value));
    }

    private async Task AssertNotReadableAsync(Timestamp at)
    {
        var refusal = await Assert.ThrowsAsync<PostgresException>(() => _eye.ReadAsync<string>(StateAt, s_shard.Value, at.Value));
        Assert.Equal(SqlStates.NotReadable, refusal.SqlState);
    }

    private static async Task<IShardStore> OpenAsync(string database, ShardId shard) => await PostgresShardStore.OpenAsync(
        shard, ServerFixture.Storage(database), NullLoggerFactory.Instance, TimeProvider.System, Cancel);

    private static async Task<Fence> OwnAsync(IShardStore store)
    {
        ShardRow seen = await store.ReadShardRowAsync(Cancel);
        ShardRow row = Assert.IsType<TakeoverResult.Won>(
            await store.TakeOverAsync(new("a", ""), seen.Generation, seen.LeaseUntil, Ids.Start, Cancel)).Row;
        return new Fence(row.Generation, row.Epoch);
    }

    private async Task CommitAsync(IShardStore store, Fence fence, long at, params RecordWrite[] writes) =>
        Assert.IsType<PersistResult.Committed>(
            await store.PersistAsync(fence, [new PersistItem.OnePhase(_ids.Next(), Ids.At(at), [.. writes])], Cancel));

    private static RecordWrite Put(string key, string json) => new(new("accounts", key), Document.FromText(json));
}
