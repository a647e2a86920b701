using Xunit;

namespace Transactions.IntegrationTests.Faults;

/// <summary>One cluster for the short scenarios: each leaves it whole for the next.</summary>
public sealed class FaultClusterFixture : IAsyncLifetime
{
    private const int DiskMegabytes = 128;

    internal FaultCluster Cluster { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Cluster = await FaultCluster.StartAsync(
        DiskMegabytes, line => TestContext.Current.SendDiagnosticMessage(line), TestContext.Current.CancellationToken);

    public async ValueTask DisposeAsync()
    {
        if (Cluster is not null)
        {
            await Cluster.DisposeAsync();
        }
    }
}
