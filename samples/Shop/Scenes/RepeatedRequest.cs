using Shop.Orders;

namespace Shop.Scenes;

/// <summary>The same request twice under one idempotency key is one order.</summary>
internal sealed class RepeatedRequest : IScene
{
    public string Title => "The same request twice under one idempotency key";

    public async Task<string> RunAsync(ShopWorld shop, Action<string> progress, CancellationToken cancellationToken)
    {
        CheckoutReply first = await shop.CheckoutAsync("said-twice", customer: 1, item: 1, quantity: 2, cancellationToken);
        CheckoutReply second = await shop.CheckoutAsync("said-twice", customer: 1, item: 1, quantity: 2, cancellationToken);
        SceneFailedException.Unless(first.Placed is { WasThere: false }, "The first request wasn't a new order.");
        SceneFailedException.Unless(
            second.Placed is { WasThere: true } && second.Placed.Order == first.Placed.Order && second.Placed.CommittedAt == first.Placed.CommittedAt,
            "The second request wasn't the first one's order.");
        return $"one order, at {first.Placed.CommittedAt}, told twice";
    }
}
