using Grpc.Core;
using Transactions.Contracts;
using Transactions.IntegrationTests.Coordinator;
using Transactions.IntegrationTests.Fixtures;
using Transactions.LocalPostgres;
using Transactions.Model;
using Xunit;
using static Transactions.IntegrationTests.Stores.TestParticipant;
using V1 = Transactions.Contracts.V1;

namespace Transactions.IntegrationTests.Stores;

/// <summary>A shard that can't be served here now says why and what to do, and serves the same calls when it can.</summary>
[Trait("Rule", "7")]
public sealed class StoreOwnershipTests(PostgresFixture postgres)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    [Trait("Rule", "T3")]
    public async Task Clock_Unhealthy_RefusesUntilItIsMended()
    {
        await using TestParticipant participant = await ServeAsync(await postgres.NewDatabaseAsync("unhealthy"));
        Metadata transaction = Headers();
        Refusal expected = Refusal.Unavailable(RefusalReason.ClockUnhealthy, "The test's clock is broken. Mend it.");
        participant.Clock.IsBroken = true;

        await Expected.RefusalAsync(expected, () => PutAsync(participant, transaction));
        await Expected.RefusalAsync(expected, () => participant.ReadAsync("a"));

        participant.Clock.IsBroken = false;
        Assert.True((await PutAsync(participant, transaction)).Admitted.Wrote);
        Assert.Null(await participant.ReadAsync("a"));
    }

    [Fact]
    [Trait("Rule", "L5")]
    public async Task Stop_WhileTheShardIsHandedBack_RefusesAndNamesTheNextOwner()
    {
        string database = await postgres.NewDatabaseAsync("handing_back");
        await using TestParticipant participant = await ServeAsync(database, o => o.StopTimeout = TimeSpan.FromMinutes(1));
        await using Backend backend = await Backend.OpenAsync(database, Token);
        Refusal expected = Refusal.Unavailable(RefusalReason.ShuttingDown, "shard solo/0…ask its next owner");
        await backend.RunAsync("begin");
        await backend.RunAsync("select from txn.shard where shard = 'solo/0' for update");

        Task stopping = participant.StopAsync();
        await Eventually.IsTrueAsync(
            async () => (await Refused.OfAsync(() => participant.ReadAsync("a")))?.Reason == RefusalReason.ShuttingDown,
            () => "It goes on serving.");

        await Expected.RefusalAsync(expected, () => participant.ReadAsync("a"));
        await Expected.RefusalAsync(expected, () => PutAsync(participant, Headers()));
        Assert.False(stopping.IsCompleted);
        await backend.RunAsync("rollback");
        await stopping.WaitAsync(TimeSpan.FromSeconds(30), TimeProvider.System, Token);
        Assert.Equal(0, await backend.ReadAsync<long>("select count(*) from txn.outcomes"));
    }

    [Fact]
    [Trait("Rule", "L1")]
    public async Task Shard_OwnedByAnotherProcess_IsRefusedWithItsAddress()
    {
        string database = await postgres.NewDatabaseAsync("elsewhere");
        await using TestParticipant owner = await ServeAsync(database, o => o.Identity = "owner");
        await using TestParticipant other = await StartAsync(database, o => o.Identity = "other");
        Metadata transaction = Headers();
        Refusal expected = new(RefusalStatus.FailedPrecondition, RefusalReason.NotOwner, $"owned by owner at {owner.Endpoint}…ask there")
        {
            Redirect = owner.Endpoint, MayRetry = true,
        };

        // While it looks whose the shard is, it knows no address.
        await Expected.RefusalInTheEndAsync(expected, () => PutAsync(other, transaction));
        await Expected.RefusalInTheEndAsync(expected, () => other.ReadAsync("a"));

        Assert.True((await PutAsync(owner, transaction)).Admitted.Wrote);
        Assert.Null(await owner.ReadAsync("a"));
    }

    [Fact]
    [Trait("Rule", "X4")]
    public async Task Put_PastALeaseThatCantBeRenewed_IsRefusedUntilItIs()
    {
        await using PostgresServer server = await PostgresServer.StartAsync(PostgresOptions.FromEnvironment(), Token);
        await using TestParticipant participant = await ServeAsync(
            await server.CreateDatabaseAsync("solo", Token),
            o => (o.LeaseDuration, o.RenewInterval) = (TimeSpan.FromSeconds(1), TimeSpan.FromMilliseconds(200)));
        Metadata transaction = Headers();
        V1.PutReply admitted = await PutAsync(participant, transaction);

        await server.KillAsync();
        await Expected.RefusalInTheEndAsync(
            Refusal.Unavailable(RefusalReason.NotOwner, "The lease on shard solo/0 ended at…isn't renewed yet; try again shortly"),
            () => PutAsync(participant, transaction));

        // X2: the same transaction goes on, and the same operation is answered as it was.
        await server.StartAgainAsync();
        V1.PutReply? again = null;
        await Eventually.IsTrueAsync(
            async () => await Refused.OfAsync(async () => again = await PutAsync(participant, transaction)) is null,
            () => "The lease isn't renewed.");
        Assert.Equal(admitted, again);
    }

    [Fact]
    [Trait("Rule", "X2")]
    public async Task Get_WhilePostgresIsAway_IsAdmittedAndRefusedForGood()
    {
        await using PostgresServer server = await PostgresServer.StartAsync(PostgresOptions.FromEnvironment(), Token);
        await using TestParticipant participant = await ServeAsync(
            await server.CreateDatabaseAsync("solo", Token), o => o.LeaseDuration = TimeSpan.FromMinutes(5));
        Metadata transaction = Headers();
        Refusal expected = Refusal.Unavailable(
            RefusalReason.StorageUnavailable, "Shard solo/0 can't read from PostgreSQL…try again under a new operation number");

        await server.KillAsync();
        RpcException refused = await Assert.ThrowsAsync<RpcException>(() => GetAsync(participant, transaction, 1));
        Expected.AssertSame(expected, RefusalMapping.FromRpcException(refused));
        Assert.True(ParticipationMapping.TryReadTrailer(refused.Trailers.GetValueBytes(MetadataNames.Participants), out Participation? counted, out _));
        Assert.Equal((1, false), (Assert.Single(counted.Shards).Operations, counted.Shards[0].Wrote));

        // Its reply is stored: a repeat gets it, whatever could be read by now.
        await server.StartAgainAsync();
        await Eventually.IsTrueAsync(
            async () => await Refused.OfAsync(() => participant.ReadAsync("a")) is null, () => "It isn't served again.");
        await Expected.RefusalAsync(expected, () => GetAsync(participant, transaction, 1));
        Assert.Null((await GetAsync(participant, transaction, 2)).Entry);
    }

    private static async Task<V1.PutReply> PutAsync(TestParticipant participant, Metadata transaction) =>
        await participant.Store.PutAsync(Put("a"), transaction, cancellationToken: Token);

    private static async Task<V1.GetReply> GetAsync(TestParticipant participant, Metadata transaction, long sequence) =>
        await participant.Store.GetAsync(Get("a", sequence), transaction, cancellationToken: Token);
}
