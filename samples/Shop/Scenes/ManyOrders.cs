using Shop.Orders;

namespace Shop.Scenes;

/// <summary>Customers order at the same time; each order changes three databases at one timestamp.</summary>
internal sealed class ManyOrders : IScene
{
    private const int OrdersEach = 10;

    public string Title => "Orders that commit everywhere";

    public async Task<string> RunAsync(ShopWorld shop, Action<string> progress, CancellationToken cancellationToken)
    {
        int placed = 0;
        await Task.WhenAll(Enumerable.Range(0, ShopWorld.Customers).Select(async customer =>
        {
            for (int i = 0; i < OrdersEach; i++)
            {
                CheckoutReply reply = await shop.CheckoutAsync(
                    $"order-{customer}-{i}", customer, item: (customer + i) % ShopWorld.Items, quantity: 1 + (i % 3), cancellationToken);
                SceneFailedException.Unless(
                    reply.ResultCase == CheckoutReply.ResultOneofCase.Placed, $"order-{customer}-{i} was declined: {reply.Declined}");
                progress($"{Interlocked.Increment(ref placed)} of {ShopWorld.Customers * OrdersEach} orders placed");
            }
        }));
        return $"{placed} orders by {ShopWorld.Customers} customers at once";
    }
}
