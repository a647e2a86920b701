using Grpc.Net.Client;
using Shop.Inventory;
using Shop.Orders;
using Shop.Payments;
using Transactions.Client;
using Transactions.LocalCluster;

namespace Shop;

/// <summary>The running shop as the scenes see it: its processes, its services, and a client of our library.</summary>
internal sealed class ShopWorld : IAsyncDisposable
{
    public const int Customers = 8;
    public const long OpeningBalanceCents = 50_000;
    public const int Items = 4;
    public const long OpeningStock = 200;

    private readonly List<GrpcChannel> _channels = [];

    private ShopWorld(RunningCluster cluster, TransactionClient transactions) => (Cluster, Transactions) = (cluster, transactions);

    public RunningCluster Cluster { get; }

    public TransactionClient Transactions { get; }

    public Orders.Orders.OrdersClient Orders => new(Channel("orders"));

    /// <summary>Carries the transaction that the calling code runs in.</summary>
    public Payments.Payments.PaymentsClient Payments => new(Channel("payments").WithTransactionPropagation());

    /// <summary>Carries the transaction that the calling code runs in.</summary>
    public Inventory.Inventory.InventoryClient Inventory => new(Channel("inventory").WithTransactionPropagation());

    public static ShopWorld Open(RunningCluster cluster)
    {
        TransactionClientOptions options = new() { Cluster = cluster.Settings.Name, ClientId = "shop-runner" };
        foreach (Uri coordinator in cluster.CoordinatorAddresses)
        {
            options.Coordinators.Add(coordinator);
        }

        return new ShopWorld(cluster, new TransactionClient(options));
    }

    public static string Customer(int number) => $"customer-{number}";

    public static string Item(int number) => $"item-{number}";

    public static long PriceCents(int item) => 250 * (item + 1);

    public async Task<CheckoutReply> CheckoutAsync(
        string requestId, int customer, int item, long quantity, CancellationToken cancellationToken) =>
        await Orders.CheckoutAsync(
            new CheckoutRequest { RequestId = requestId, Account = Customer(customer), Item = Item(item), Quantity = quantity },
            cancellationToken: cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await Transactions.DisposeAsync();
        _channels.ForEach(channel => channel.Dispose());
    }

    private GrpcChannel Channel(string service)
    {
        GrpcChannel channel = GrpcChannel.ForAddress(Cluster.Services[service].Address!);
        _channels.Add(channel);
        return channel;
    }
}
