using Grpc.Core;
using Grpc.Net.Client;
using V1 = Transactions.Contracts.V1;
using Transactions.IntegrationTests.Fixtures;
using Transactions.LocalCluster;
using Xunit;

namespace Transactions.IntegrationTests.Cluster;

/// <summary>Two coordinators and two stand-alone participants as real processes, over the assembly's PostgreSQL.</summary>
public class ClusterFixture(PostgresFixture postgres) : IAsyncLifetime
{
    private static int _count;

    private readonly List<GrpcChannel> _channels = [];

    public RunningCluster Cluster { get; private set; } = null!;

    /// <summary>Further settings of every process, as environment variables.</summary>
    protected virtual IReadOnlyDictionary<string, string> Extra { get; } = new Dictionary<string, string>
    {
        ["Participant__PruneInterval"] = "00:00:01",
    };

    public V1.Coordinator.CoordinatorClient Coordinator(int number = 0) => new(Channel(Cluster.Coordinators[number].Address!));

    public V1.Store.StoreClient StoreOf(string service) => new(Channel(Cluster.Services[service].Address!));

    /// <summary>Waits until every coordinator has its log and every service owns its shard, as they do a moment after their start.</summary>
    public async Task UntilServingAsync(CancellationToken cancellationToken)
    {
        for (int i = 0; i < Cluster.Coordinators.Count; i++)
        {
            V1.Coordinator.CoordinatorClient coordinator = Coordinator(i);
            await UntilAvailableAsync(
                () => coordinator.GetTimestampAsync(new V1.GetTimestampRequest(), cancellationToken: cancellationToken).ResponseAsync,
                cancellationToken);
        }

        foreach (string service in Cluster.Services.Keys)
        {
            await UntilAvailableAsync(
                () => UnaryClient.ReadAsync(this, service, "nothing", at: null, cancellationToken), cancellationToken);
        }
    }

    private static async Task UntilAvailableAsync(Func<Task> ask, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                await ask();
                return;
            }
            catch (RpcException e) when (e.StatusCode == StatusCode.Unavailable)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, cancellationToken);
            }
        }
    }

    public async ValueTask InitializeAsync()
    {
        int number = Interlocked.Increment(ref _count);
        Cluster = await RunningCluster.StartAsync(
            postgres.Server,
            new ClusterSettings { Name = "test", LeaseDuration = TimeSpan.FromSeconds(2), Extra = Extra },
            [ServiceDescription.StandAlone("orders"), ServiceDescription.StandAlone("payments")],
            coordinators: 2,
            Path.Combine(Path.GetTempPath(), $"transactions-tests-{Environment.ProcessId}-{number}"),
            prefix: $"cluster{number}_",
            cancellationToken: TestContext.Current.CancellationToken);
        await UntilServingAsync(TestContext.Current.CancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        _channels.ForEach(channel => channel.Dispose());
        if (Cluster is not null)
        {
            await Cluster.DisposeAsync();
            Directory.Delete(Cluster.LogFolder, recursive: true);
        }
    }

    private GrpcChannel Channel(Uri address)
    {
        GrpcChannel channel = GrpcChannel.ForAddress(address);
        lock (_channels)
        {
            _channels.Add(channel);
        }

        return channel;
    }
}
