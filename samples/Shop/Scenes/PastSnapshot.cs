using Transactions.Client;
using Transactions.Clocks;

namespace Shop.Scenes;

/// <summary>All three services as they were at one timestamp in the middle of it all.</summary>
internal sealed class PastSnapshot(Func<Timestamp> past) : IScene
{
    public string Title => "A snapshot of all services at one past timestamp";

    public async Task<string> RunAsync(ShopWorld shop, Action<string> progress, CancellationToken cancellationToken)
    {
        Books then = await Books.ReadAsync(shop.Transactions, SnapshotOptions.At(past()), cancellationToken);
        Books now = await Books.ReadAsync(shop.Transactions, SnapshotOptions.Strong, cancellationToken);
        SceneFailedException.Unless(then.Balance, $"The books of {past()} don't balance: {then}");
        SceneFailedException.Unless(then.Orders > 0 && then.Orders < now.Orders, $"The past has {then.Orders} orders, the present {now.Orders}.");
        return $"at {past()}: {then}";
    }
}
