using Xunit;

namespace Transactions.IntegrationTests.Faults;

/// <summary>One cluster for all scenarios, one after another: each leaves it whole for the next.</summary>
public sealed class FaultClusterFixture : IAsyncLifetime
{
    private const int ShortRunsMegabytes = 128;
    private const int LongRunsMegabytes = 512;

    internal FaultCluster Cluster { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Cluster = await FaultCluster.StartAsync(
        MixedFaultTests.AskedMinutes is null ? ShortRunsMegabytes : LongRunsMegabytes,
        line => TestContext.Current.SendDiagnosticMessage(line),
        TestContext.Current.CancellationToken);

    public async ValueTask DisposeAsync()
    {
        if (Cluster is not null)
        {
            await Cluster.DisposeAsync();
        }
    }
}

/// <summary>Names the tests that share it.</summary>
[CollectionDefinition(Name)]
public sealed class FaultCollection : ICollectionFixture<FaultClusterFixture>
{
    /// <summary>The collection's name.</summary>
    public const string Name = "Faults";
}
