using Grpc.Core;
using Shop.Inventory;
using Shop.Payments;
using Transactions.Client;

namespace Shop.Scenes;

/// <summary>One transaction over two services puts money into accounts and items on shelves.</summary>
internal sealed class OpenShop : IScene
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(30);

    public string Title => "Open accounts and stock shelves in one transaction";

    public async Task<string> RunAsync(ShopWorld shop, Action<string> progress, CancellationToken cancellationToken)
    {
        long startedAt = TimeProvider.System.GetTimestamp();
        while (true)
        {
            try
            {
                CommitReceipt receipt = await shop.Transactions.RunAsync(_ => FillAsync(shop, cancellationToken), cancellationToken: cancellationToken);
                return $"committed at {receipt.CommitTimestamp}";
            }
            catch (Exception e) when (IsStarting(e) && TimeProvider.System.GetElapsedTime(startedAt) < StartLimit)
            {
                progress("waiting until the services own their shards");
                await Task.Delay(TimeSpan.FromMilliseconds(200), TimeProvider.System, cancellationToken);
            }
        }
    }

    private static async Task FillAsync(ShopWorld shop, CancellationToken cancellationToken)
    {
        for (int i = 0; i < ShopWorld.Customers; i++)
        {
            await shop.Payments.OpenAsync(
                new OpenRequest { Account = ShopWorld.Customer(i), BalanceCents = ShopWorld.OpeningBalanceCents },
                cancellationToken: cancellationToken);
        }

        for (int i = 0; i < ShopWorld.Items; i++)
        {
            await shop.Inventory.StockAsync(
                new StockRequest { Item = ShopWorld.Item(i), Quantity = ShopWorld.OpeningStock, PriceCents = ShopWorld.PriceCents(i) },
                cancellationToken: cancellationToken);
        }
    }

    private static bool IsStarting(Exception e) =>
        e is RpcException { StatusCode: StatusCode.Unavailable } or TransactionAbortedException { MayRetry: true }
            or TransactionRefusedException { MayRetry: true };
}
