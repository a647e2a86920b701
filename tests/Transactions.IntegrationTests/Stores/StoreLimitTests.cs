using Google.Protobuf;
using Grpc.Core;
using Transactions.Contracts;
using Transactions.Contracts.V1;
using Transactions.IntegrationTests.Cluster;
using Transactions.IntegrationTests.Coordinator;
using Transactions.Model;
using Xunit;
using Outcome = Transactions.Contracts.V1.Outcome;

namespace Transactions.IntegrationTests.Stores;

/// <summary>Every limit on how much a shard holds, through the public API: refused, and the transaction goes on without it.</summary>
[Trait("Rule", "7")]
public sealed class StoreLimitTests(LimitedClusterFixture fixture) : IClassFixture<LimitedClusterFixture>
{
    private static int _tests;

    private readonly string _prefix = $"limit-{Interlocked.Increment(ref _tests)}";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    [Trait("Rule", "X2")]
    public async Task MaxOperations_OneMore_IsRefusedAndDoesNotCount()
    {
        UnaryClient client = await BeginAsync();
        await client.PutAsync("orders", $"{_prefix}-a", "1", Token);
        for (int i = 1; i < LimitedClusterFixture.MaxOperations; i++)
        {
            await client.GetAsync("orders", $"{_prefix}-{i}", Token);
        }

        await LimitAsync("operations", LimitedClusterFixture.MaxOperations, "split it", () => client.GetAsync("orders", $"{_prefix}-b", Token));

        // Commit names the admitted ones only, and the shard agrees.
        Assert.Equal(Outcome.EndOneofCase.CommittedAt, (await client.CommitAsync(Token)).Outcome.EndCase);
        Assert.Equal("1", await UnaryClient.ReadAsync(fixture, "orders", $"{_prefix}-a", at: null, Token));
    }

    [Fact]
    public async Task MaxWrites_OneMore_IsRefusedAndLeavesNothing()
    {
        UnaryClient client = await BeginAsync();
        for (int i = 0; i < LimitedClusterFixture.MaxWrites; i++)
        {
            await client.PutAsync("orders", $"{_prefix}-{i}", "1", Token);
        }

        await LimitAsync("writes", LimitedClusterFixture.MaxWrites, "split it", () => client.PutAsync("orders", $"{_prefix}-more", "1", Token));

        Assert.Equal(Outcome.EndOneofCase.CommittedAt, (await client.CommitAsync(Token)).Outcome.EndCase);
        Assert.Equal("1", await UnaryClient.ReadAsync(fixture, "orders", $"{_prefix}-1", at: null, Token));
        Assert.Null(await UnaryClient.ReadAsync(fixture, "orders", $"{_prefix}-more", at: null, Token));
    }

    [Fact]
    public async Task MaxOpenTransactions_OneMore_IsRefusedUntilOneEnds()
    {
        await UntilIdleAsync();
        List<UnaryClient> open = [];
        for (int i = 0; i < LimitedClusterFixture.MaxOpenTransactions; i++)
        {
            open.Add(await BeginAsync());
            await open[i].PutAsync("payments", $"{_prefix}-{i}", "1", Token);
        }

        UnaryClient next = await BeginAsync();
        await LimitAsync(
            "transactions",
            LimitedClusterFixture.MaxOpenTransactions,
            "try again later",
            () => next.PutAsync("payments", $"{_prefix}-next", "1", Token));

        await AbortAsync(open[0]);
        await UntilAdmittedAsync(() => next.PutAsync("payments", $"{_prefix}-next", "1", Token));
        Assert.Equal(Outcome.EndOneofCase.CommittedAt, (await next.CommitAsync(Token)).Outcome.EndCase);
        Assert.Equal("1", await UnaryClient.ReadAsync(fixture, "payments", $"{_prefix}-next", at: null, Token));
        await AbortAsync(open[1]);
        await AbortAsync(open[2]);
    }

    [Fact]
    [Trait("Rule", "X4")]
    public async Task MaxWaiting_OneMore_IsRefusedUntilOneIsAnswered()
    {
        await UntilIdleAsync();
        UnaryClient holder = await BeginAsync();
        await holder.PutAsync("payments", $"{_prefix}-held", "1", Token);
        UnaryClient waiter = await BeginAsync();

        // The younger one waits from some moment on; reads that come before are answered, and may take its place for a moment.
        Task waiting = UntilAdmittedAsync(() => waiter.PutAsync("payments", $"{_prefix}-held", "2", Token));
        RpcException? refused = null;
        await Eventually.IsTrueAsync(
            async () =>
            {
                refused = await RefusalOfAsync(() => UnaryClient.ReadAsync(fixture, "payments", $"{_prefix}-other", at: null, Token));
                return refused is not null;
            },
            () => $"Nothing is refused: {WhatBecameOf(waiting)}.");
        AssertLimit(refused!, "waiting", LimitedClusterFixture.MaxWaiting, "try again later");
        await LimitAsync(
            "waiting", LimitedClusterFixture.MaxWaiting, "try again later", () => holder.PutAsync("payments", $"{_prefix}-more", "1", Token));

        Assert.False(waiting.IsCompleted);
        Assert.Equal(Outcome.EndOneofCase.CommittedAt, (await holder.CommitAsync(Token)).Outcome.EndCase);
        await waiting;
        Assert.Equal(Outcome.EndOneofCase.CommittedAt, (await waiter.CommitAsync(Token)).Outcome.EndCase);
        Assert.Equal("2", await UnaryClient.ReadAsync(fixture, "payments", $"{_prefix}-held", at: null, Token));
        Assert.Null(await UnaryClient.ReadAsync(fixture, "payments", $"{_prefix}-more", at: null, Token));
    }

    [Fact]
    public async Task MaxStoreStreams_OneMore_IsRefusedUntilOneEnds()
    {
        await fixture.UntilServingAsync(Token);
        List<AsyncDuplexStreamingCall<StoreRequests, StoreReplies>> open = [];
        for (int i = 0; i < LimitedClusterFixture.MaxStoreStreams; i++)
        {
            open.Add(await OpenStreamAsync());
        }

        await LimitAsync("streams", LimitedClusterFixture.MaxStoreStreams, "try again later", OpenStreamAsync);

        open[0].Dispose();
        await UntilAdmittedAsync(async () => open.Add(await OpenStreamAsync()));
        open.ForEach(stream => stream.Dispose());
    }

    [Fact]
    public async Task Connect_WithoutHello_NamesIt()
    {
        using AsyncDuplexStreamingCall<StoreRequests, StoreReplies> stream = fixture.StoreOf("orders").Connect(cancellationToken: Token);
        await stream.RequestStream.WriteAsync(new StoreRequests(), Token);

        await Refused.FieldAsync(
            "hello", () => stream.ResponseStream.MoveNext(Token), "send it in the first message", "within 2 s (Participant:HelloTimeout)");
    }

    [Fact]
    public async Task Connect_SilentAtFirst_EndsAfterTheHelloTimeout()
    {
        using AsyncDuplexStreamingCall<StoreRequests, StoreReplies> stream = fixture.StoreOf("orders").Connect(cancellationToken: Token);

        await Refused.FieldAsync(
            "hello", () => stream.ResponseStream.MoveNext(Token), "send it in the first message", "within 2 s (Participant:HelloTimeout)");
    }

    private async Task<AsyncDuplexStreamingCall<StoreRequests, StoreReplies>> OpenStreamAsync()
    {
        AsyncDuplexStreamingCall<StoreRequests, StoreReplies> stream = fixture.StoreOf("payments").Connect(cancellationToken: Token);
        try
        {
            await stream.RequestStream.WriteAsync(new StoreRequests { Hello = ClientHandshake.IntroduceToStore("test", "limits") }, Token);
        }
        catch (InvalidOperationException)
        {
            // It is over already, and the reader is told why.
        }

        Assert.True(await stream.ResponseStream.MoveNext(Token));
        return stream;
    }

    private static string WhatBecameOf(Task waiting) =>
        waiting.IsCompletedSuccessfully ? "the waiter was admitted, so that the holder's locks are gone"
        : waiting.Exception is { } failure ? $"the waiter failed, {failure.InnerException!.Message}"
        : "the waiter waits, or never came";

    // What other tests left is gone when a transaction finds room.
    private async Task UntilIdleAsync()
    {
        await fixture.UntilServingAsync(Token);
        List<UnaryClient> probes = [];
        for (int i = 0; i < LimitedClusterFixture.MaxOpenTransactions; i++)
        {
            probes.Add(await BeginAsync());
            await UntilAdmittedAsync(() => probes[i].PutAsync("payments", $"{_prefix}-probe{i}", "1", Token));
        }

        foreach (UnaryClient probe in probes)
        {
            await AbortAsync(probe);
        }

        UnaryClient last = await BeginAsync();
        await UntilAdmittedAsync(() => last.PutAsync("payments", $"{_prefix}-probe0", "1", Token));
        await AbortAsync(last);
    }

    private static async Task UntilAdmittedAsync(Func<Task> call) => await Eventually.IsTrueAsync(
        async () => await RefusalOfAsync(call) is null, () => "There is never room.");

    private static async Task<RpcException?> RefusalOfAsync(Func<Task> call)
    {
        try
        {
            await call();
            return null;
        }
        catch (RpcException refused) when (refused.StatusCode == StatusCode.ResourceExhausted)
        {
            return refused;
        }
    }

    private static async Task LimitAsync(string field, int limit, string remedy, Func<Task> call) =>
        AssertLimit(await Assert.ThrowsAsync<RpcException>(call), field, limit, remedy);

    private static void AssertLimit(RpcException refused, string field, int limit, string remedy)
    {
        Refusal? refusal = RefusalMapping.FromRpcException(refused);
        Assert.Equal(
            (RefusalStatus.ResourceExhausted, RefusalReason.LimitReached, field), (refusal?.Status, refusal?.Reason, refusal?.Field));
        Assert.Matches($"(^| ){limit} ", refusal!.Message);
        Assert.Contains(remedy, refusal.Message, StringComparison.Ordinal);
    }

    private async Task<UnaryClient> BeginAsync()
    {
        await fixture.UntilServingAsync(Token);
        UnaryClient client = UnaryClient.In(fixture);
        await client.BeginAsync(Token);
        return client;
    }

    private async Task AbortAsync(UnaryClient client) => await fixture.Coordinator().AbortAsync(
        new AbortRequest { Context = client.Begun.Context }, cancellationToken: Token);
}
