using Microsoft.Extensions.Logging.Abstractions;
using Transactions.IntegrationTests.Fixtures;
using Transactions.Model;
using Transactions.Participant.Server;
using Transactions.Participant.Server.Postgres;
using Transactions.TestKit.Storage;

namespace Transactions.IntegrationTests.Storage;

/// <summary>The shard store's contract on a real server: one database for all tests, a shard for each.</summary>
public abstract class PostgresShardStoreContract(ServerFixture server) : ShardStoreContract
{
    private static int s_shards;

    private readonly ShardId _shard = ShardId.Parse($"contract/{Interlocked.Increment(ref s_shards)}");

    protected override long MostBytesOfAPart => RangeAnswer.MostBytes;

    protected override int MostMetInAPart => RangeAnswer.MostMet;

    protected override async Task<IShardStore> OpenAsync() => await PostgresShardStore.OpenAsync(
        _shard,
        ServerFixture.Storage(await server.DatabaseOfAsync(GetType())),
        NullLoggerFactory.Instance,
        TimeProvider.System,
        Cancel);
}
