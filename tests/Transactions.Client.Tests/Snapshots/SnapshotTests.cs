using NodaTime;
using Transactions.Clocks;
using Xunit;

namespace Transactions.Client.Tests.Snapshots;

[Trait("Rule", "S1")]
public sealed class SnapshotTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task SnapshotAsync_Strong_SeesWhatCommittedAndNothingLater()
    {
        await using World world = await World.StartAsync();
        await PutAsync(world, 1);

        Snapshot snapshot = await world.Client.SnapshotAsync(cancellationToken: Token);
        await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, Token);
        await PutAsync(world, 2);

        StoreCollection<Account> then = snapshot.Store("payments").Collection<Account>("accounts");
        Assert.Equal(1, (await then.GetAsync("ada", Token))!.Balance);
        Assert.Equal(2, (await world.Client.Store("payments").Collection<Account>("accounts").GetAsync("ada", Token))!.Balance);
        Assert.Equal([snapshot.ReadTimestamp, null], world.Payments.ReadsAt);
    }

    [Fact]
    public async Task SnapshotAsync_BoundedStaleness_IsNeverOlderThanAsked()
    {
        await using World world = await World.StartAsync();
        Duration staleness = Duration.FromSeconds(5);

        for (int i = 0; i < 5; i++)
        {
            Timestamp before = FakeShard.Now;
            Snapshot snapshot = await world.Client.SnapshotAsync(SnapshotOptions.BoundedStaleness(staleness), Token);
            Assert.True(snapshot.ReadTimestamp >= before.Minus(staleness));
            Assert.True(snapshot.ReadTimestamp < FakeShard.Now);
        }
    }

    [Fact]
    public async Task SnapshotAsync_BoundedStaleness_AsksNobodyWhileItsBoundsAreFresh()
    {
        await using World world = await World.StartAsync();
        await world.Client.SnapshotAsync(SnapshotOptions.Strong, Token);
        await world.Hosts[0].DisposeAsync();

        await world.Client.SnapshotAsync(SnapshotOptions.BoundedStaleness(Duration.FromSeconds(1)), Token);

        var refused = await Assert.ThrowsAsync<TransactionRefusedException>(() => world.Client.SnapshotAsync(SnapshotOptions.Strong, Token));
        Assert.True(refused.MayRetry);
    }

    [Fact]
    public async Task SnapshotAsync_At_IsExact()
    {
        await using World world = await World.StartAsync();
        Timestamp at = Timestamp.FromMicroseconds(5_000_000, 3);

        Assert.Equal(at, (await world.Client.SnapshotAsync(SnapshotOptions.At(at), Token)).ReadTimestamp);
        Instant instant = Instant.FromUtc(2026, 1, 1, 0, 0);
        Assert.Equal(
            Timestamp.FromInstant(instant), (await world.Client.SnapshotAsync(SnapshotOptions.At(instant), Token)).ReadTimestamp);
        Assert.Empty(world.Home.Hellos);
        Assert.Throws<ArgumentOutOfRangeException>(() => SnapshotOptions.At(Timestamp.Zero));
        Assert.Throws<ArgumentOutOfRangeException>(() => SnapshotOptions.BoundedStaleness(Duration.FromTicks(-1)));
    }

    [Fact]
    public async Task Use_InsideOfATransaction_ReadsTheSnapshotUntilDisposed()
    {
        await using World world = await World.StartAsync();
        await PutAsync(world, 1);
        Snapshot snapshot = await world.Client.SnapshotAsync(cancellationToken: Token);
        StoreCollection<Account> accounts = world.Client.Store("payments").Collection<Account>("accounts");

        await world.Client.RunAsync(
            async transaction =>
            {
                await accounts.PutAsync("ada", new("ada", 2), Token);
                using (snapshot.Use())
                {
                    Assert.Null(Transaction.Current);
                    Assert.Equal(1, (await accounts.GetAsync("ada", Token))!.Balance);
                }

                Assert.Same(transaction, Transaction.Current);
                Assert.Equal(2, (await accounts.GetAsync("ada", Token))!.Balance);
            },
            cancellationToken: Token);
    }

    private static Task PutAsync(World world, int balance) => world.Client.RunAsync(
        _ => world.Client.Store("payments").Collection<Account>("accounts").PutAsync("ada", new("ada", balance), Token),
        cancellationToken: Token);
}
