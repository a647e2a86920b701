using Grpc.Core;
using Shop.Inventory;
using Shop.Payments;
using Transactions.Client;

namespace Shop.Orders;

/// <summary>The root of each order's transaction.</summary>
public sealed class OrdersService(
    TransactionClient transactions,
    IStore store,
    Payments.Payments.PaymentsClient payments,
    Inventory.Inventory.InventoryClient inventory) : Orders.OrdersBase
{
    public override async Task<CheckoutReply> Checkout(CheckoutRequest request, ServerCallContext context)
    {
        try
        {
            // Conflicts run the body again; what it returns is stored with the decision, so that a repeat gets the same order.
            RunResult<Order> result = await transactions.RunAsync(
                _ => PlaceAsync(request, context.CancellationToken),
                new RunOptions { IdempotencyKey = request.RequestId },
                context.CancellationToken);
            return new CheckoutReply
            {
                Placed = new Placed
                {
                    Order = result.Value.Id,
                    TotalCents = result.Value.TotalCents,
                    CommittedAt = result.CommitTimestamp.ToString(),
                    WasThere = result.WasReplay,
                },
            };
        }
        catch (RpcException declined) when (declined.StatusCode == StatusCode.FailedPrecondition)
        {
            // It came out of the body, so that the transaction is aborted: nothing was reserved and nothing charged.
            return new CheckoutReply { Declined = declined.Status.Detail };
        }
    }

    private async Task<Order> PlaceAsync(CheckoutRequest request, CancellationToken cancellationToken)
    {
        ReserveReply reserved = await inventory.ReserveAsync(
            new ReserveRequest { Item = request.Item, Quantity = request.Quantity }, cancellationToken: cancellationToken);
        long total = reserved.PriceCents * request.Quantity;
        await payments.ChargeAsync(
            new ChargeRequest { Account = request.Account, AmountCents = total }, cancellationToken: cancellationToken);

        Order order = new(request.RequestId, request.Account, request.Item, request.Quantity, total);
        await store.Collection<Order>("orders").PutAsync(order.Id, order, cancellationToken);
        return order;
    }
}
