using Transactions.Clocks;
using Transactions.Coordinator.Server;
using Transactions.TestKit.Storage;

namespace Transactions.Coordinator.Tests.Storage;

public sealed class FakeDecisionLogTests : DecisionLogContract
{
    private readonly FakeDecisionDatabase _database = new(() => Timestamp.FromMicroseconds(1_700_000_000_000_000));

    protected override Task<IDecisionLog> OpenAsync() => Task.FromResult<IDecisionLog>(new FakeDecisionLog(_database));
}
