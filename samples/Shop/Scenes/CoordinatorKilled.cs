using Grpc.Core;
using Shop.Orders;
using Transactions.LocalCluster;

namespace Shop.Scenes;

/// <summary>A coordinator dies before it learns of its own decision; the other one finds out what became of it.</summary>
internal sealed class CoordinatorKilled : IScene
{
    public string Title => "A coordinator killed (SIGKILL) between prepare and commit";

    public async Task<string> RunAsync(ShopWorld shop, Action<string> progress, CancellationToken cancellationToken)
    {
        ServiceProcess coordinator = shop.Cluster.Coordinators[0];
        Task<CheckoutReply> order;
        await using (await HeldDecision.BeginAsync(shop.Cluster.Database("decisions"), cancellationToken))
        {
            progress("decisions are held; an order is on its way");
            order = shop.CheckoutAsync("coordinator-killed", customer: 3, item: 3, quantity: 1, cancellationToken);
            await HeldDecision.UntilPreparedAsync(shop.Cluster.Database("payments"), order, cancellationToken);
            progress($"payments is prepared; killing {coordinator.Name}");
            await coordinator.KillAsync();
        }

        progress("the other coordinator resolves what the dead one had begun");
        string outcome = await DescribeAsync(order);
        await EverythingEnded.WaitAsync(shop, progress, cancellationToken);
        await coordinator.StartAsync(cancellationToken);

        // Whether it committed is the register's to say; that the same request now gets that answer is ours to check.
        CheckoutReply again = await shop.CheckoutAsync("coordinator-killed", customer: 3, item: 3, quantity: 1, cancellationToken);
        SceneFailedException.Unless(again.Placed is not null, $"The repeated request was declined: {again.Declined}");
        return $"{outcome}; {coordinator.Name} is back";
    }

    private static async Task<string> DescribeAsync(Task<CheckoutReply> order)
    {
        try
        {
            CheckoutReply reply = await order;
            SceneFailedException.Unless(reply.Placed is not null, $"The order was declined: {reply.Declined}");
            return "the order was placed, its outcome told by the other coordinator";
        }
        catch (RpcException e) when (e.StatusCode is StatusCode.Aborted)
        {
            return "the order was aborted, as the register says";
        }
    }
}
