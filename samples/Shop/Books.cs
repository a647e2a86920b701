using Shop.Inventory;
using Shop.Orders;
using Shop.Payments;
using Transactions.Client;

namespace Shop;

/// <summary>All three services' data at one timestamp, and whether it adds up.</summary>
internal sealed record Books(Snapshot Snapshot, int Orders, long BalancesCents, long OrderedCents, long Stock, long OrderedItems)
{
    private const long OpenedCents = ShopWorld.Customers * ShopWorld.OpeningBalanceCents;
    private const long Stocked = ShopWorld.Items * ShopWorld.OpeningStock;

    /// <summary>No cent and no item was created or lost.</summary>
    public bool Balance => BalancesCents + OrderedCents == OpenedCents && Stock + OrderedItems == Stocked;

    public static async Task<Books> ReadAsync(TransactionClient transactions, SnapshotOptions when, CancellationToken cancellationToken)
    {
        // One timestamp for all services: nobody waits for this, and it waits for nobody's locks.
        Snapshot snapshot = await transactions.SnapshotAsync(when, cancellationToken);
        long balances = 0;
        await foreach (StoreRecord<Account> account in snapshot.Store("payments").Collection<Account>("accounts").ScanAsync(ScanRange.All, cancellationToken: cancellationToken))
        {
            balances += account.Value.BalanceCents;
        }

        long stock = 0;
        await foreach (StoreRecord<Shelf> shelf in snapshot.Store("inventory").Collection<Shelf>("shelves").ScanAsync(ScanRange.All, cancellationToken: cancellationToken))
        {
            stock += shelf.Value.Quantity;
        }

        int orders = 0;
        long cents = 0;
        long items = 0;
        await foreach (StoreRecord<Order> order in snapshot.Store("orders").Collection<Order>("orders").ScanAsync(ScanRange.All, cancellationToken: cancellationToken))
        {
            orders++;
            cents += order.Value.TotalCents;
            items += order.Value.Quantity;
        }

        return new Books(snapshot, orders, balances, cents, stock, items);
    }

    public override string ToString() =>
        $"{Orders} orders: {Euros(BalancesCents)} in accounts + {Euros(OrderedCents)} ordered = {Euros(BalancesCents + OrderedCents)} of "
        + $"{Euros(OpenedCents)}; {Stock} on shelves + {OrderedItems} ordered = {Stock + OrderedItems} of {Stocked}";

    private static string Euros(long cents) => $"{cents / 100}.{cents % 100:00}";
}
