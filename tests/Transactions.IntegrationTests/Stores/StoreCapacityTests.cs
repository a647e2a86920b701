using Grpc.Core;
using Transactions.Contracts;
using Transactions.IntegrationTests.Coordinator;
using Transactions.IntegrationTests.Fixtures;
using Transactions.Model;
using Xunit;
using static Transactions.IntegrationTests.Stores.TestParticipant;
using V1 = Transactions.Contracts.V1;

namespace Transactions.IntegrationTests.Stores;

/// <summary>What a shard's queues and replies hold: beyond that calls are refused, and what is admitted ends as it counted.</summary>
[Trait("Rule", "7")]
public sealed class StoreCapacityTests(PostgresFixture postgres)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task MaxQueuedRequests_OneMore_IsRefusedUntilThereIsRoom()
    {
        await using TestParticipant participant = await ServeAsync(
            await postgres.NewDatabaseAsync("queued"), o => o.MaxQueuedRequests = 1);

        // The shard has one in hand at most and one queued, and handles neither.
        participant.Clock.Hold();
        Metadata[] transactions = [Headers(), Headers(), Headers()];
        Task[] puts = [.. transactions.Select((transaction, i) => PutAsync(participant, transaction, $"{i}"))];
        Task refused = await Task.WhenAny(puts).WaitAsync(TimeSpan.FromSeconds(30), TimeProvider.System, Token);

        await Expected.RefusalAsync(Refusal.Busy("requests", "1 requests wait for shard solo/0…(MaxQueuedRequests)"), () => refused);
        participant.Clock.Release();
        await Task.WhenAll(puts).ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        Assert.Contains(puts, put => put.IsCompletedSuccessfully);
        int again = Array.IndexOf(puts, refused);
        await PutAsync(participant, transactions[again], $"{again}");
    }

    [Fact]
    [Trait("Rule", "X2")]
    public async Task MaxReplyBytes_LargerReply_IsRefusedAndCounts()
    {
        await using TestCoordinator coordinator = await TestCoordinator.ServeAsync(await postgres.NewDatabaseAsync("reply_log"));
        await using TestParticipant participant = await ServeAsync(
            await postgres.NewDatabaseAsync("reply"),
            o => (o.MaxKeyBytes, o.MaxValueBytes, o.MaxReplyBytes) = (100, 1_000, 3_000),
            coordinator.Endpoint);
        string[] keys = ["a", "b", "c", "d"];
        string value = $"\"{new string('v', 998)}\"";
        await UntilConnectedAsync(participant);
        V1.SignedContext writer = await BeginAsync(coordinator);
        for (int i = 0; i < keys.Length; i++)
        {
            await participant.Store.PutAsync(Put(keys[i], value, i + 1), Headers(writer), cancellationToken: Token);
        }

        Assert.Equal(V1.Outcome.EndOneofCase.CommittedAt, (await CommitAsync(coordinator, writer, keys.Length)).EndCase);
        Refusal expected = Refusal.Limit("reply", "over the limit of 3000 (MaxReplyBytes); read fewer keys at once");
        V1.GetAtRequest all = new() { Shard = Shard, Collection = "things", Keys = { keys } };
        await Expected.RefusalAsync(expected, async () => await participant.Store.GetAtAsync(all, cancellationToken: Token));

        // X2: admitted it was.
        V1.SignedContext reader = await BeginAsync(coordinator);
        RpcException refused = await Assert.ThrowsAsync<RpcException>(() => MultiGetAsync(participant, reader, 1, keys));
        Expected.AssertSame(expected, RefusalMapping.FromRpcException(refused));
        Assert.True(ParticipationMapping.TryReadTrailer(refused.Trailers.GetValueBytes(MetadataNames.Participants), out Participation? counted, out _));
        Assert.Equal(1, Assert.Single(counted.Shards).Operations);
        Assert.Equal(2, (await MultiGetAsync(participant, reader, 2, keys[..2])).Found.Count);
        await participant.Store.PutAsync(Put("e", sequence: 3), Headers(reader), cancellationToken: Token);
        Assert.Equal(V1.Outcome.EndOneofCase.CommittedAt, (await CommitAsync(coordinator, reader, operations: 3)).EndCase);
    }

    [Fact]
    [Trait("Rule", "X11")]
    public async Task MaxQueuedPersists_OneMore_IsAbortedAsOverloaded()
    {
        string database = await postgres.NewDatabaseAsync("persists");
        await using TestCoordinator coordinator = await TestCoordinator.ServeAsync(await postgres.NewDatabaseAsync("persists_log"));
        await using TestParticipant participant = await ServeAsync(database, o => o.MaxQueuedPersists = 1, coordinator.Endpoint);
        await using Backend backend = await Backend.OpenAsync(database, Token);
        await UntilConnectedAsync(participant);
        V1.SignedContext[] transactions = [await BeginAsync(coordinator), await BeginAsync(coordinator), await BeginAsync(coordinator)];
        for (int i = 0; i < transactions.Length; i++)
        {
            await participant.Store.PutAsync(Put($"{i}"), Headers(transactions[i]), cancellationToken: Token);
        }

        await backend.RunAsync("begin");
        await backend.RunAsync("lock table txn.outcomes in exclusive mode");
        Task<V1.Outcome> first = CommitAsync(coordinator, transactions[0], operations: 1);
        await backend.UntilWaitingAsync(1, Token);

        // One of the others waits for PostgreSQL, and there is no room for both.
        Task<V1.Outcome>[] others = [CommitAsync(coordinator, transactions[1], 1), CommitAsync(coordinator, transactions[2], 1)];
        Task<V1.Outcome> turnedAway = await Task.WhenAny(others);
        Assert.Equal(V1.AbortReason.Overloaded, (await turnedAway).Aborted);
        int away = 1 + Array.IndexOf(others, turnedAway);
        await Expected.RefusalAsync(
            Refusal.Aborted(AbortReason.Overloaded, "was aborted at shard solo/0: Overloaded; run it again"),
            async () => await participant.Store.PutAsync(Put($"{away}"), Headers(transactions[away]), cancellationToken: Token));

        await backend.RunAsync("rollback");
        Assert.Equal(V1.Outcome.EndOneofCase.CommittedAt, (await first).EndCase);
        Assert.Equal(V1.Outcome.EndOneofCase.CommittedAt, (await others[2 - away]).EndCase);
        Assert.Equal("1", await participant.ReadAsync($"{3 - away}"));
        Assert.Null(await participant.ReadAsync($"{away}"));
    }

    private static async Task UntilConnectedAsync(TestParticipant participant) => await Eventually.IsTrueAsync(
        () => Task.FromResult(participant.Lines.Count(2101) >= 1), () => string.Join('\n', participant.Lines.All));

    private static async Task<V1.SignedContext> BeginAsync(TestCoordinator coordinator) =>
        (await coordinator.Calls.BeginAsync(new V1.BeginRequest { Client = "shop" }, cancellationToken: Token)).Context;

    private static async Task<V1.Outcome> CommitAsync(TestCoordinator coordinator, V1.SignedContext context, int operations)
    {
        V1.CommitShard shard = new() { Shard = Shard, Generation = 1, Wrote = true, Operations = operations };
        return (await coordinator.Calls.CommitAsync(
            new V1.CommitRequest { Context = context, Shards = { shard } }, cancellationToken: Token)).Outcome;
    }

    private static async Task<V1.MultiGetReply> MultiGetAsync(
        TestParticipant participant, V1.SignedContext context, long sequence, string[] keys) => await participant.Store.MultiGetAsync(
        new V1.MultiGetRequest
        {
            Shard = Shard, Number = new V1.OperationNumber { Scope = 1, Sequence = sequence }, Collection = "things", Keys = { keys },
        },
        Headers(context),
        cancellationToken: Token);

    private static async Task PutAsync(TestParticipant participant, Metadata transaction, string key) =>
        await participant.Store.PutAsync(Put(key), transaction, cancellationToken: Token);
}
