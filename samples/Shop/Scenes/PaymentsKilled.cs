using Shop.Orders;
using Transactions.LocalCluster;

namespace Shop.Scenes;

/// <summary>A participant dies between prepare and commit; its successor finds the vote, learns the outcome, and applies it.</summary>
internal sealed class PaymentsKilled : IScene
{
    public string Title => "Payments killed (SIGKILL) between prepare and commit";

    public async Task<string> RunAsync(ShopWorld shop, Action<string> progress, CancellationToken cancellationToken)
    {
        ServiceProcess payments = shop.Cluster.Services["payments"];
        Task<CheckoutReply> order;
        await using (await HeldDecision.BeginAsync(shop.Cluster.Database("decisions"), cancellationToken))
        {
            progress("decisions are held; an order is on its way");
            order = shop.CheckoutAsync("payments-killed", customer: 2, item: 2, quantity: 1, cancellationToken);
            await HeldDecision.UntilPreparedAsync(shop.Cluster.Database("payments"), order, cancellationToken);
            progress("payments is prepared; killing it");
            await payments.KillAsync();
        }

        CheckoutReply reply = await order;
        SceneFailedException.Unless(
            reply.ResultCase == CheckoutReply.ResultOneofCase.Placed, $"The order was declined: {reply.Declined}");
        progress("the order is placed without payments; restarting payments");
        await payments.StartAsync(cancellationToken);
        await EverythingEnded.WaitAsync(shop, progress, cancellationToken);
        return "the order was placed all the same, and payments applied it after its restart";
    }
}
