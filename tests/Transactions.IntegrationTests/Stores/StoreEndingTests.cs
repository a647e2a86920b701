using Transactions.Contracts;
using Transactions.IntegrationTests.Cluster;
using Transactions.IntegrationTests.Coordinator;
using Transactions.IntegrationTests.Fixtures;
using Transactions.Model;
using Xunit;
using V1 = Transactions.Contracts.V1;

namespace Transactions.IntegrationTests.Stores;

/// <summary>Operations that come when their transaction is being committed, or has ended: refused, and its end stays what it is.</summary>
[Trait("Rule", "7")]
public sealed class StoreEndingTests(ClusterFixture fixture) : IClassFixture<ClusterFixture>
{
    private static int _tests;

    private readonly string _key = $"ending-{Interlocked.Increment(ref _tests)}";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    [Trait("Rule", "X7")]
    public async Task Put_WhileTheTransactionIsBeingCommitted_IsRefusedAndLeftOut()
    {
        await using Backend orders = await Backend.OpenAsync(fixture.Cluster.Database("orders"), Token);
        await using Backend payments = await Backend.OpenAsync(fixture.Cluster.Database("payments"), Token);
        UnaryClient client = await BeginAsync();
        await client.PutAsync("orders", _key, "1", Token);
        await client.PutAsync("payments", _key, "1", Token);

        // The one votes, the other can't.
        await payments.RunAsync("begin");
        await payments.RunAsync("lock table txn.prepared in access exclusive mode");
        Task<V1.EndedReply> committing = client.CommitAsync(Token);
        await Eventually.IsTrueAsync(
            async () => await orders.ReadAsync<long>("select count(*) from txn.prepared") == 1, () => "It isn't prepared.");

        await Expected.RefusalAsync(
            new(RefusalStatus.FailedPrecondition, RefusalReason.TransactionSealed, "is being committed and takes no more operations; begin a new one"),
            () => client.PutAsync("orders", _key, "2", Token));

        Assert.False(committing.IsCompleted);
        await payments.RunAsync("rollback");
        Assert.Equal(V1.Outcome.EndOneofCase.CommittedAt, (await committing).Outcome.EndCase);
        Assert.Equal("1", await UnaryClient.ReadAsync(fixture, "orders", _key, at: null, Token));
    }

    [Fact]
    [Trait("Rule", "X2")]
    public async Task Put_AfterTheCommit_IsRefusedAndChangesNothing()
    {
        UnaryClient client = await BeginAsync();
        await client.PutAsync("orders", _key, "1", Token);
        Assert.Equal(V1.Outcome.EndOneofCase.CommittedAt, (await client.CommitAsync(Token)).Outcome.EndCase);

        await Expected.RefusalAsync(
            new(RefusalStatus.FailedPrecondition, RefusalReason.TransactionEnded, "is committed and takes no more operations; begin a new one"),
            () => client.PutAsync("orders", _key, "2", Token));

        Assert.Equal("1", await UnaryClient.ReadAsync(fixture, "orders", _key, at: null, Token));
    }

    [Fact]
    [Trait("Rule", "X6")]
    public async Task Put_AfterTheClientsAbort_IsRefusedAndLeavesNothing()
    {
        UnaryClient client = await BeginAsync();
        await client.PutAsync("orders", _key, "1", Token);
        await fixture.Coordinator().AbortAsync(new V1.AbortRequest { Context = client.Begun.Context }, cancellationToken: Token);

        // The shard may hear of it a moment later.
        await Expected.RefusalInTheEndAsync(
            Refusal.Aborted(AbortReason.ClientAborted, "was aborted at shard orders/0: ClientAborted; begin a new one"),
            () => client.PutAsync("orders", _key, "2", Token));

        Assert.Null(await UnaryClient.ReadAsync(fixture, "orders", _key, at: null, Token));
    }

    [Fact]
    [Trait("Rule", "X4")]
    public async Task Get_AfterAnOlderOneTookTheLocks_IsRefusedAsWounded()
    {
        UnaryClient older = await BeginAsync();
        UnaryClient younger = await BeginAsync();
        await younger.PutAsync("orders", _key, "2", Token);
        await older.PutAsync("orders", _key, "1", Token);

        Refusal expected = Refusal.Aborted(AbortReason.Wounded, "was aborted at shard orders/0: Wounded; run it again");
        Assert.True(expected.MayRetry);
        await Expected.RefusalAsync(expected, () => younger.GetAsync("orders", _key, Token));

        Assert.Equal(V1.Outcome.EndOneofCase.CommittedAt, (await older.CommitAsync(Token)).Outcome.EndCase);
        Assert.Equal("1", await UnaryClient.ReadAsync(fixture, "orders", _key, at: null, Token));
    }

    private async Task<UnaryClient> BeginAsync()
    {
        await fixture.UntilServingAsync(Token);
        UnaryClient client = UnaryClient.In(fixture);
        await client.BeginAsync(Token);
        return client;
    }
}
