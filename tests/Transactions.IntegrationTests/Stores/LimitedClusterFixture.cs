using Transactions.IntegrationTests.Cluster;
using Transactions.IntegrationTests.Fixtures;

namespace Transactions.IntegrationTests.Stores;

/// <summary>A cluster whose participants' limits are within a test's reach.</summary>
public sealed class LimitedClusterFixture(PostgresFixture postgres) : ClusterFixture(postgres)
{
    public const int MaxOpenTransactions = 3;
    public const int MaxOperations = 4;
    public const int MaxWrites = 2;
    public const int MaxWaiting = 1;
    public const int MaxStoreStreams = 2;

    protected override IReadOnlyDictionary<string, string> Extra { get; } = new Dictionary<string, string>
    {
        ["Participant__MaxOpenTransactions"] = $"{MaxOpenTransactions}",
        ["Participant__MaxOperationsPerTransaction"] = $"{MaxOperations}",
        ["Participant__MaxWritesPerTransaction"] = $"{MaxWrites}",
        ["Participant__MaxWaiting"] = $"{MaxWaiting}",
        ["Participant__MaxStoreStreams"] = $"{MaxStoreStreams}",
        ["Participant__HelloTimeout"] = "00:00:02",

        // Beyond any transaction's deadline: the tests' clients send no heartbeats, and a slow machine mustn't end what they hold.
        ["Coordinator__HeartbeatTimeout"] = "00:02:00",
    };
}
