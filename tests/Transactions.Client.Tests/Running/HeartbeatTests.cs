using Grpc.Core;
using Transactions.Model;
using Xunit;

namespace Transactions.Client.Tests.Running;

/// <summary>Nobody's heartbeats depend on another coordinator, or on what another caller does.</summary>
[Trait("Rule", "7")]
public sealed class HeartbeatTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Heartbeats_OneCoordinatorHangs_TheOthersGoOn()
    {
        await using World world = await StartAsync(coordinators: 2);
        TaskCompletionSource hangs = new(TaskCreationOptions.RunContinuationsAsynchronously);
        TaskCompletionSource isHanging = new(TaskCreationOptions.RunContinuationsAsynchronously);
        world.Coordinators[0].BeforeHeartbeat = () =>
        {
            isHanging.TrySetResult();
            return hangs.Task;
        };
        await using RootTransaction first = await world.Client.BeginAsync(cancellationToken: Token);
        await isHanging.Task.WaitAsync(Patience, TimeProvider.System, Token);
        await MoveHomeAsync(world);

        await using RootTransaction second = await world.Client.BeginAsync(cancellationToken: Token);
        await UntilAsync(() => world.Coordinators[1].Heartbeats.Count(id => id == second.Id) >= 3, "The other one's heartbeats don't come.");

        Assert.Empty(world.Coordinators[0].Heartbeats);
        hangs.TrySetResult();
        await UntilAsync(() => world.Coordinators[0].Heartbeats.Count(id => id == first.Id) >= 2, "After the pause none come.");
    }

    [Fact]
    public async Task Heartbeats_CancellationCallbackThrows_TheOthersGoOn()
    {
        await using World world = await StartAsync(coordinators: 1);
        await using RootTransaction lost = await world.Client.BeginAsync(cancellationToken: Token);
        using CancellationTokenRegistration registration =
            lost.CancellationToken.Register(() => throw new InvalidOperationException("a caller's bug"));
        world.Home.EndsAtHeartbeat[lost.Id] = AbortReason.Wounded;
        await UntilAsync(() => lost.CancellationToken.IsCancellationRequested, "It isn't told of its end.");

        await using RootTransaction next = await world.Client.BeginAsync(cancellationToken: Token);

        await UntilAsync(() => world.Home.Heartbeats.Count(id => id == next.Id) >= 3, "The others' heartbeats don't come any more.");
        var aborted = await Assert.ThrowsAsync<TransactionAbortedException>(() => lost.CommitAsync(Token));
        Assert.Equal(AbortReason.Wounded, aborted.Reason);
    }

    [Fact]
    public async Task Heartbeats_CancellationCallbackHangs_TheOthersGoOn()
    {
        await using World world = await StartAsync(coordinators: 1);
        using ManualResetEventSlim hangs = new();
        await using RootTransaction lost = await world.Client.BeginAsync(cancellationToken: Token);
        using CancellationTokenRegistration registration = lost.CancellationToken.Register(() => hangs.Wait(Patience + Patience));
        try
        {
            world.Home.EndsAtHeartbeat[lost.Id] = AbortReason.Wounded;
            await UntilAsync(() => lost.CancellationToken.IsCancellationRequested, "It isn't told of its end.");

            await using RootTransaction next = await world.Client.BeginAsync(cancellationToken: Token);

            await UntilAsync(() => world.Home.Heartbeats.Count(id => id == next.Id) >= 3, "The others' heartbeats don't come any more.");
        }
        finally
        {
            hangs.Set();
        }
    }

    private static Task<World> StartAsync(int coordinators) =>
        World.StartAsync(coordinators, configure: o => o.HeartbeatInterval = TimeSpan.FromMilliseconds(20));

    // The first coordinator disowns a transaction, which makes the client say Hello anew, and then refuses that.
    private static async Task MoveHomeAsync(World world)
    {
        await using (RootTransaction disowned = await world.Client.BeginAsync(cancellationToken: Token))
        {
            world.Home.CommitRefusals.Enqueue(new(RefusalStatus.FailedPrecondition, RefusalReason.OtherIncarnation, "another life"));
            await Assert.ThrowsAsync<TransactionRefusedException>(() => disowned.CommitAsync(Token));
        }

        world.Home.BeforeHello = () => throw new RpcException(new Status(StatusCode.Unavailable, "away, says the test"));
    }

    private static async Task UntilAsync(Func<bool> condition, string complaint)
    {
        long startedAt = TimeProvider.System.GetTimestamp();
        while (!condition())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(startedAt) < Patience, complaint);
            await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System, Token);
        }
    }
}
