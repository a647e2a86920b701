using Transactions.Model;
using Transactions.Participant.Server;
using Transactions.TestKit.Storage;

namespace Transactions.Participant.Tests.Storage;

public sealed class FakeShardStoreTests : ShardStoreContract
{
    private const int Most = 10_000;

    private readonly FakeShardDatabase _database = new() { MostMetInAPart = Most };

    protected override int MostMetInAPart => Most;

    protected override Task<IShardStore> OpenAsync() =>
        Task.FromResult<IShardStore>(new FakeShardStore(ShardId.Parse("payments/0"), _database));
}
