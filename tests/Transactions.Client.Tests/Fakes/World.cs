using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Transactions.Contracts;
using Transactions.Model;

namespace Transactions.Client.Tests;

// A small cluster: coordinators over one log, two services' shards in this process, and a client.
internal sealed class World : IAsyncDisposable
{
    public const string Cluster = "test";

    private readonly List<IAsyncDisposable> _parts = [];

    private World()
    {
        Payments = new(ShardId.Parse("payments/0"));
        Orders = new(ShardId.Parse("orders/0"));
        Log = new([Payments, Orders]);
    }

    public ClusterSecret Secret { get; } = ClusterSecret.FromBytes("a secret of 32 bytes, all random"u8);

    public FakeShard Payments { get; }

    public FakeShard Orders { get; }

    public FakeLog Log { get; }

    public List<FakeCoordinator> Coordinators { get; } = [];

    public List<Host> Hosts { get; } = [];

    public FakeCoordinator Home => Coordinators[0];

    public TransactionClient Client { get; private set; } = null!;

    public static async Task<World> StartAsync(
        int coordinators = 1, bool isLocal = true, Action<TransactionClientOptions>? configure = null)
    {
        World world = new();
        for (int i = 0; i < coordinators; i++)
        {
            FakeCoordinator coordinator = new($"c{i}", world.Log, world.Secret);
            world.Coordinators.Add(coordinator);
            world.Hosts.Add(world.Keep(await Host.StartAsync(s => s.AddSingleton(coordinator), a => a.MapGrpcService<FakeCoordinator>())));
        }

        world.Client = world.MakeClient(isLocal, configure);
        return world;
    }

    public TransactionClient MakeClient(bool isLocal = true, Action<TransactionClientOptions>? configure = null)
    {
        TransactionClientOptions options = new() { Cluster = Cluster, ClientId = "tests", ConnectTimeout = TimeSpan.FromSeconds(20) };
        foreach (Host host in Hosts)
        {
            options.Coordinators.Add(host.Address);
        }

        configure?.Invoke(options);
        return Keep(new TransactionClient(options, localShards: isLocal ? [Payments, Orders] : []));
    }

    // A business service with propagation; it holds the cluster's secret unless it is a gateway.
    public async Task<(HopService Service, Host Host)> AddHopAsync(bool holdsSecret = true, bool hasInterceptor = true)
    {
        HopService service = new();
        Host host = await Host.StartAsync(
            services =>
            {
                services.AddSingleton(service);
                services.AddSingleton(_ => Client);
                if (holdsSecret)
                {
                    services.AddSingleton(new ContextVerifier(Secret, 1));
                }

                if (hasInterceptor)
                {
                    services.AddGrpc().AddTransactionPropagation();
                }
            },
            app => app.MapGrpcService<HopService>());
        return (service, Keep(host));
    }

    public T Keep<T>(T part)
        where T : IAsyncDisposable
    {
        _parts.Add(part);
        return part;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (IAsyncDisposable part in Enumerable.Reverse(_parts))
        {
            await part.DisposeAsync();
        }
    }
}
