using Grpc.Core;
using Transactions.Client;

namespace Shop.Inventory;

/// <summary>Each call acts in its caller's transaction.</summary>
public sealed class InventoryService(IStore store) : Inventory.InventoryBase
{
    public override async Task<StockReply> Stock(StockRequest request, ServerCallContext context)
    {
        await Shelves.InsertIfAbsentAsync(request.Item, new Shelf(request.Quantity, request.PriceCents), context.CancellationToken);
        return new StockReply();
    }

    public override async Task<ReserveReply> Reserve(ReserveRequest request, ServerCallContext context)
    {
        Shelf shelf = await Shelves.GetForUpdateAsync(request.Item, context.CancellationToken)
            ?? throw new RpcException(new Status(StatusCode.NotFound, $"There is no item {request.Item}."));
        if (shelf.Quantity < request.Quantity)
        {
            throw new RpcException(new Status(StatusCode.FailedPrecondition, "out of stock"));
        }

        await Shelves.PutAsync(request.Item, shelf with { Quantity = shelf.Quantity - request.Quantity }, context.CancellationToken);
        return new ReserveReply { PriceCents = shelf.PriceCents };
    }

    private StoreCollection<Shelf> Shelves => store.Collection<Shelf>("shelves");
}
