using Shop.Orders;
using Transactions.Client;

namespace Shop.Scenes;

/// <summary>What can't be paid, or isn't there, changes nothing anywhere.</summary>
internal sealed class DeclinedOrders : IScene
{
    public string Title => "Orders that abort for lack of funds or stock";

    public async Task<string> RunAsync(ShopWorld shop, Action<string> progress, CancellationToken cancellationToken)
    {
        Books before = await Books.ReadAsync(shop.Transactions, SnapshotOptions.Strong, cancellationToken);

        // 100 of item-3 cost 1,000.00: payments declines after inventory had reserved.
        string noFunds = await DeclineAsync(shop, "too-expensive", item: 3, quantity: 100, cancellationToken);
        SceneFailedException.Unless(noFunds == "insufficient funds", $"The order was declined for another reason: {noFunds}");
        string noStock = await DeclineAsync(shop, "too-many", item: 0, quantity: ShopWorld.OpeningStock + 1, cancellationToken);
        SceneFailedException.Unless(noStock == "out of stock", $"The order was declined for another reason: {noStock}");

        Books after = await Books.ReadAsync(shop.Transactions, SnapshotOptions.Strong, cancellationToken);
        SceneFailedException.Unless(
            after with { Snapshot = before.Snapshot } == before, $"A declined order left something behind: {before}; then {after}");
        return $"'{noFunds}' and '{noStock}'; nothing changed";
    }

    private static async Task<string> DeclineAsync(
        ShopWorld shop, string requestId, int item, long quantity, CancellationToken cancellationToken)
    {
        CheckoutReply reply = await shop.CheckoutAsync(requestId, customer: 0, item, quantity, cancellationToken);
        SceneFailedException.Unless(
            reply.ResultCase == CheckoutReply.ResultOneofCase.Declined, $"{requestId} was placed, and should have been declined");
        return reply.Declined;
    }
}
