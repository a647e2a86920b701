using System.Collections.Immutable;
using Microsoft.Extensions.Logging.Abstractions;
using Transactions.Clocks;
using Transactions.IntegrationTests.Fixtures;
using Transactions.Model;
using Transactions.Participant;
using Transactions.Participant.Server;
using Transactions.Participant.Server.Postgres;
using Transactions.Storage;
using Transactions.TestKit.Storage;
using Xunit;

namespace Transactions.IntegrationTests.Storage.Races;

/// <summary>What the shard's races share: an owner in generation 1, a candidate, and a connection to hold things up with.</summary>
public abstract class ShardRace(PostgresFixture server) : IAsyncLifetime
{
    private static int s_shards;

    protected static readonly ShardOwner OwnerName = new("owner", "http://owner:1");
    protected static readonly ShardOwner CandidateName = new("candidate", "http://candidate:2");

    private readonly Ids _ids = new();

    protected static CancellationToken Cancel => TestContext.Current.CancellationToken;

    protected ShardId Shard { get; } = ShardId.Parse($"race/{Interlocked.Increment(ref s_shards)}");

    protected long LockKey => AdvisoryLocks.KeyOf($"transactions/shard/{Shard}");

    protected string Database { get; private set; } = "";

    protected IShardStore Owner { get; private set; } = null!;

    protected IShardStore Candidate { get; private set; } = null!;

    /// <summary>Holds things up.</summary>
    protected Backend Hand { get; private set; } = null!;

    /// <summary>Looks on.</summary>
    protected Backend Eye { get; private set; } = null!;

    /// <summary>The owner's row after its takeover.</summary>
    protected ShardRow Row { get; private set; } = null!;

    protected Fence Fence => new(Row.Generation, Row.Epoch);

    public virtual async ValueTask InitializeAsync()
    {
        // A database for each race, so that those who wait in it are ours.
        Database = await server.NewDatabaseAsync(GetType().Name);
        Owner = await OpenAsync(Database);
        Candidate = await OpenAsync(Database);
        Hand = await Backend.OpenAsync(Database, Cancel);
        Eye = await Backend.OpenAsync(Database, Cancel);
        ShardRow seen = await Owner.ReadShardRowAsync(Cancel);
        Row = Assert.IsType<TakeoverResult.Won>(
            await Owner.TakeOverAsync(OwnerName, seen.Generation, seen.LeaseUntil, Ids.Start, Cancel)).Row;
    }

    public virtual async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await Hand.DisposeAsync();
        await Eye.DisposeAsync();
        await Owner.DisposeAsync();
        await Candidate.DisposeAsync();
    }

    protected async Task<IShardStore> OpenAsync(string connectionString, int lockTimeoutMilliseconds = 10_000) =>
        await PostgresShardStore.OpenAsync(
            Shard,
            ServerFixture.Storage(connectionString) with
            {
                LockTimeout = NodaTime.Duration.FromMilliseconds(lockTimeoutMilliseconds),
            },
            NullLoggerFactory.Instance,
            TimeProvider.System,
            Cancel);

    protected PersistItem.Prepare Prepare(string key = "a") => new(new PreparedRow(
        new TransactionContext(_ids.Next(), Ids.At(1), Ids.At(60_000), new CoordinatorId("north", new Incarnation(1)), "shop"),
        Ids.At(2),
        Ids.At(3),
        Row.Generation,
        Operations: 1,
        [new RecordWrite(new RecordKey("accounts", key), Document.FromText("1"))]));

    protected Task<TakeoverResult> TakeOverAsync(IShardStore by) =>
        by.TakeOverAsync(CandidateName, Row.Generation, Row.LeaseUntil, Ids.At(1_000), Cancel);

    protected static async Task<ImmutableArray<TransactionId>> LoadedAsync(IShardStore store, Generation generation) =>
        [.. (await store.LoadAsync(generation, Cancel)).Prepared.Select(p => p.Context.Id)];
}
