using System.Collections.Immutable;
using Transactions.Clocks;
using Transactions.Model;
using Transactions.Participant;
using Transactions.Participant.Server;
using Transactions.Storage;
using Xunit;

namespace Transactions.TestKit.Storage;

/// <summary>What every shard store must keep, in memory or in PostgreSQL. Further parts stand in the files beside this one.</summary>
public abstract partial class ShardStoreContract : IAsyncLifetime
{
    private static readonly ShardOwner FirstOwner = new("first", "http://first:1");
    private static readonly ShardOwner SecondOwner = new("second", "http://second:2");

    private readonly Ids _ids = new();

    /// <summary>The first process's store; the shard is new for each test.</summary>
    protected IShardStore Store { get; private set; } = null!;

    /// <summary>A second process's store of the same shard.</summary>
    protected IShardStore Rival { get; private set; } = null!;

    /// <summary>Ends with the test.</summary>
    protected static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>With how many bytes of values a part of a range ends, where it ends for its size.</summary>
    protected virtual long MostBytesOfAPart => long.MaxValue;

    /// <summary>With how many records, deleted ones too, a part of a range ends.</summary>
    protected virtual int MostMetInAPart => int.MaxValue;

    /// <summary>Opens a process's way to the test's shard. The test disposes of it.</summary>
    protected abstract Task<IShardStore> OpenAsync();

    /// <inheritdoc/>
    public virtual async ValueTask InitializeAsync()
    {
        Store = await OpenAsync();
        Rival = await OpenAsync();
    }

    /// <inheritdoc/>
    public virtual async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await Store.DisposeAsync();
        await Rival.DisposeAsync();
    }

    /// <summary>Makes the first process the owner, in generation 1.</summary>
    protected Task<Fence> OwnAsync() => TakeOverAsync(Store, FirstOwner);

    /// <summary>Makes a process the next owner.</summary>
    protected static async Task<Fence> TakeOverAsync(IShardStore store, ShardOwner owner)
    {
        ShardRow row = await store.ReadShardRowAsync(Cancel);
        Timestamp lease = row.LeaseUntil.IsNegative || row.LeaseUntil == Timestamp.Zero ? Ids.Start : row.LeaseUntil.Next();
        TakeoverResult result = await store.TakeOverAsync(owner, row.Generation, row.LeaseUntil, lease, Cancel);
        ShardRow mine = Assert.IsType<TakeoverResult.Won>(result).Row;
        return new Fence(mine.Generation, mine.Epoch);
    }

    private static RecordKey Key(string key, string collection = "accounts") => new(collection, key);

    private static RecordWrite Put(string key, string json, string collection = "accounts") =>
        new(Key(key, collection), Document.FromText(json));

    private static RecordWrite Delete(string key, string collection = "accounts") => new(Key(key, collection), null);

    private PreparedRow Prepared(params RecordWrite[] writes) => new(
        new TransactionContext(
            _ids.Next(), Ids.At(1), Ids.At(60_000), new CoordinatorId("north", new Incarnation(-77)), "shop"),
        Ids.At(100),
        Ids.At(5_000),
        new Generation(1),
        Operations: 3,
        [.. writes]);

    private PersistItem.OnePhase OnePhase(long at, params RecordWrite[] writes) => new(_ids.Next(), Ids.At(at), [.. writes]);

    // Commits writes at a moment, the short way.
    private async Task CommitAsync(Fence fence, long at, params RecordWrite[] writes)
    {
        Outcome? held = Assert.Single(await PersistAsync(fence, OnePhase(at, writes)));
        Assert.Equal(Outcome.Committed(Ids.At(at)), held);
    }

    private async Task<ImmutableArray<Outcome?>> PersistAsync(Fence fence, params PersistItem[] items) =>
        Assert.IsType<PersistResult.Committed>(await Store.PersistAsync(fence, [.. items], Cancel)).Register;

    private async Task<VersionsReadResult.Succeeded> ReadAsync(VersionQuery query) =>
        Assert.IsType<VersionsReadResult.Succeeded>(Assert.Single(await Store.ReadVersionsAsync([query], Cancel)));

    private async Task<string?> ReadTextAsync(string key, long at)
    {
        VersionsReadResult.Succeeded read = await ReadAsync(new VersionQuery.Records(Ids.At(at), [Key(key)]));
        return read.Versions.IsEmpty ? null : read.Versions.Single().Value?.ToString() ?? "deleted";
    }
}
