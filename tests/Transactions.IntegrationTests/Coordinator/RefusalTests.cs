using Google.Protobuf;
using NodaTime;
using Transactions.Clocks;
using Transactions.Contracts;
using Transactions.Model;
using Xunit;
using V1 = Transactions.Contracts.V1;

namespace Transactions.IntegrationTests.Coordinator;

/// <summary>Every other refusal of section 7 that a client can bring about: right status, telling words, and nothing changed.</summary>
[Trait("Rule", "7")]
public sealed class RefusalTests(CoordinatorFixture fixture) : IClassFixture<CoordinatorFixture>
{
    private readonly TestCoordinator _coordinator = fixture.Coordinator;

    [Fact]
    public async Task Commit_TooManyShards_NamesTheLimit()
    {
        TestClient client = await TestClient.HelloAsync(_coordinator);
        TransactionContext context = client.NewContext();
        CommitShard[] five = TestCluster.Wrote([.. Enumerable.Range(0, 5).Select(i => TestCluster.Shard($"many/{i}"))]);

        Refusal refusal = await Refused.AsAsync(
            RefusalStatus.ResourceExhausted,
            RefusalReason.LimitReached,
            () => client.CommitAsync(context, five),
            "5 shards",
            "at most 4 (MaxShards)",
            "touch fewer");

        Assert.Equal("shards", refusal.Field);
        await client.IsUntouchedAsync(context);
    }

    [Fact]
    public async Task Commit_ShardTwice_NamesTheElement()
    {
        TestClient client = await TestClient.HelloAsync(_coordinator);
        TransactionContext context = client.NewContext();
        CommitShard[] twice = TestCluster.Wrote(TestCluster.Shard("same/0"), TestCluster.Shard("same/0"));

        await Refused.FieldAsync("shards[1]", () => client.CommitAsync(context, twice), "same/0", "send each once");
        await client.IsUntouchedAsync(context);
    }

    [Theory]
    [InlineData("payments", 1, 1, "shards[0].shard", "like 'payments/0'")]
    [InlineData("payments/0", 0, 1, "shards[0].generation", "at least 1")]
    [InlineData("payments/0", 1, 0, "shards[0].operations", "at least 1")]
    [InlineData("payments/0", 1, 1_000_001, "shards[0].operations", "at most 1000000")]
    public async Task Commit_MalformedShard_NamesTheField(string shard, long generation, int operations, string field, string says)
    {
        TestClient client = await TestClient.HelloAsync(_coordinator);
        TransactionContext context = client.NewContext();
        V1.CommitRequest request = client.Request(context, []);
        request.Shards.Add(new V1.CommitShard { Shard = shard, Generation = generation, Operations = operations });

        await Refused.FieldAsync(field, () => client.CommitAsync(request), says);
        await client.IsUntouchedAsync(context);
    }

    [Fact]
    public async Task Commit_OversizedKey_NamesTheLimit()
    {
        TestClient client = await TestClient.HelloAsync(_coordinator);
        TransactionContext context = client.NewContext();

        await Refused.FieldAsync(
            "idempotency_key", () => client.CommitAsync(context, [], new string('k', IdempotencyKey.MaxLength + 1)), "at most 200");

        await client.IsUntouchedAsync(context);
    }

    [Fact]
    public async Task Commit_KeyAndResultAtTheirLimits_Commits()
    {
        TestClient client = await TestClient.HelloAsync(_coordinator);

        CommitResult result = await client.CommitAsync(
            client.NewContext(), [], new string('k', IdempotencyKey.MaxLength), new byte[100]);

        Assert.True(result.Outcome.IsCommitted, result.Outcome.ToString());
    }

    [Fact]
    public async Task Commit_OversizedResult_NamesTheLimit()
    {
        TestClient client = await TestClient.HelloAsync(_coordinator);
        TransactionContext context = client.NewContext();

        Refusal refusal = await Refused.AsAsync(
            RefusalStatus.ResourceExhausted,
            RefusalReason.LimitReached,
            () => client.CommitAsync(context, [], "big", new byte[101]),
            "101 bytes",
            "at most 100 (MaxResultBytes)",
            "store less");

        Assert.Equal("result", refusal.Field);
        await client.IsUntouchedAsync(context);
    }

    [Fact]
    public async Task Commit_ResultWithoutKey_NamesTheResult()
    {
        TestClient client = await TestClient.HelloAsync(_coordinator);
        TransactionContext context = client.NewContext();
        V1.CommitRequest request = client.Request(context, []);
        request.Result = ByteString.CopyFromUtf8("lost");

        await Refused.FieldAsync("result", () => client.CommitAsync(request), "without idempotency_key", "send both");
        await client.IsUntouchedAsync(context);
    }

    [Fact]
    [Trait("Rule", "X6")]
    [Trait("Rule", "D4")]
    public async Task CommitAndResolve_AnotherSetThanTheSealedOne_AreRefusedAndTheFirstGoesOn()
    {
        ShardGeneration quick = TestCluster.Shard("sets/0");
        ShardGeneration slow = TestCluster.Shard("sets/1");
        await using FakeParticipant participant = await FakeParticipant.ConnectAsync(
            _coordinator, (owner, frame) => owner == slow && frame is CoordinatorFrame.Prepare ? null : FakeParticipant.Honest(owner, frame), quick, slow);
        TestClient client = await TestClient.HelloAsync(_coordinator);
        TransactionContext context = client.NewContext();
        Task<CommitResult> first = client.CommitAsync(context, TestCluster.Wrote(quick, slow));
        CoordinatorFrame.Prepare asked = await participant.ExpectAsync<CoordinatorFrame.Prepare>(context.Id);

        foreach (Func<Task> call in (Func<Task>[])[
            () => client.CommitAsync(context, TestCluster.Wrote(quick)), () => client.ResolveAsync(context, TestCluster.Wrote(quick))])
        {
            Refusal refusal = await Refused.AsAsync(
                RefusalStatus.FailedPrecondition,
                RefusalReason.TransactionSealed,
                call,
                "another set of shards or another key",
                "repeat exactly what was sent first");
            Assert.Equal("shards", refusal.Field);
        }

        await participant.SendAsync(new ShardFrame.Voted(
            context.Id, slow, Vote.Yes(asked.Floor, asked.Floor.Plus(Duration.FromSeconds(10)))));
        Assert.True((await first).Outcome.IsCommitted);
    }

    [Fact]
    public async Task Heartbeat_AnothersTransaction_PermissionDenied()
    {
        TestClient owner = await TestClient.HelloAsync(_coordinator, "owner");
        ShardGeneration shard = TestCluster.Shard("owned/0");
        await using FakeParticipant participant = await FakeParticipant.ConnectAsync(_coordinator, shard);
        V1.BeginReply begun = await _coordinator.Calls.BeginAsync(
            new() { Client = "owner" }, cancellationToken: TestContext.Current.CancellationToken);

        Refusal refusal = await Refused.AsAsync(RefusalStatus.PermissionDenied, RefusalReason.OtherClient, async () =>
            await _coordinator.Calls.HeartbeatAsync(new() { Client = "thief", Transactions = { begun.Transaction.Id } }), "another client");

        Assert.Equal("transactions", refusal.Field);
        V1.HeartbeatReply seen = await _coordinator.Calls.HeartbeatAsync(
            new() { Client = "owner", Transactions = { begun.Transaction.Id } }, cancellationToken: TestContext.Current.CancellationToken);
        Assert.Empty(seen.Ended);
    }

    [Fact]
    public async Task CommitAbortResolve_AnothersTransaction_PermissionDenied()
    {
        TestClient owner = await TestClient.HelloAsync(_coordinator, "owner");
        TestClient thief = await TestClient.HelloAsync(_coordinator, "thief");
        ShardGeneration shard = TestCluster.Shard("stolen/0");
        await using FakeParticipant participant = await FakeParticipant.ConnectAsync(_coordinator, shard);
        V1.BeginReply begun = await _coordinator.Calls.BeginAsync(
            new() { Client = "owner" }, cancellationToken: TestContext.Current.CancellationToken);
        Assert.True(ContextMapping.TryRead(begun.Transaction, out TransactionContext? context, out _));
        TransactionContext stolen = context with { Client = "thief" };

        foreach (Func<Task> call in (Func<Task>[])[
            () => thief.CommitAsync(stolen, []),
            () => thief.AbortAsync(stolen),
            () => thief.ResolveAsync(stolen, TestCluster.Wrote(shard))])
        {
            Refusal refusal = await Refused.AsAsync(
                RefusalStatus.PermissionDenied, RefusalReason.OtherClient, call, "another client", "only the client that runs it");
            Assert.Equal("context.client", refusal.Field);
        }

        Assert.True((await owner.CommitAsync(context, TestCluster.Wrote(shard))).Outcome.IsCommitted);
    }

    [Theory]
    [InlineData(1, "tests", "", RefusalStatus.InvalidArgument, RefusalReason.InvalidField, "client", "1 to 100 characters")]
    [InlineData(
        2, "tests", "shop", RefusalStatus.FailedPrecondition, RefusalReason.ClusterMismatch, "protocol_version", "2 at the peer", "1 at this side", "run versions")]
    [InlineData(
        1, "production", "shop", RefusalStatus.FailedPrecondition, RefusalReason.ClusterMismatch, "cluster", "'production'", "'tests'", "check both")]
    [Trait("Rule", "T5")]
    public async Task Hello_Mismatch_NamesBothValues(
        int version, string cluster, string client, RefusalStatus status, RefusalReason reason, string field, params string[] says)
    {
        Refusal refusal = await Refused.AsAsync(
            status,
            reason,
            async () => await _coordinator.Calls.HelloAsync(new() { ProtocolVersion = version, Cluster = cluster, Client = client }),
            says);

        Assert.Equal(field, refusal.Field);
    }

    [Fact]
    public async Task Begin_TimeoutBeyondTheLongestLifetime_NamesTheLimit()
    {
        int open = _coordinator.ReadGauge("open");

        await Refused.FieldAsync(
            "timeout",
            async () => await _coordinator.Calls.BeginAsync(new() { Client = "shop", Timeout = new() { Seconds = 61 } }),
            $"at most {TestCluster.Identity.Limits.MaxLifetime} (MaxLifetime)");

        // What other tests left open may end meanwhile.
        Assert.InRange(_coordinator.ReadGauge("open"), 0, open);
    }

    [Fact]
    public async Task Begin_WithoutClient_NamesTheField() =>
        await Refused.FieldAsync("client", async () => await _coordinator.Calls.BeginAsync(new()), "1 to 100 characters");

    [Fact]
    public async Task GetOutcome_OfNothing_NamesTheField() =>
        await Refused.FieldAsync("transaction", async () => await _coordinator.Calls.GetOutcomeAsync(new()), "send one of them");

    [Fact]
    public async Task GetOutcome_NoUuidOfVersion7_NamesTheField() => await Refused.FieldAsync(
        "transaction", async () => await _coordinator.Calls.GetOutcomeAsync(new() { Transaction = ByteString.CopyFrom(new byte[16]) }), "UUID of version 7");

    [Fact]
    [Trait("Rule", "D2")]
    public async Task GetOutcome_Unknown_SaysNothingAndEndsNothing()
    {
        TestClient client = await TestClient.HelloAsync(_coordinator);
        TransactionContext context = client.NewContext();

        Assert.Null(await client.GetOutcomeAsync(context.Id));
        await client.IsUntouchedAsync(context);
    }

    [Fact]
    [Trait("Rule", "D4")]
    public async Task Resolve_NothingWrittenAndNoKey_SaysRunItAgain()
    {
        TestClient client = await TestClient.HelloAsync(_coordinator);
        TransactionContext context = client.NewContext();

        Refusal refusal = await Refused.AsAsync(
            RefusalStatus.FailedPrecondition,
            RefusalReason.NothingWritten,
            () => client.ResolveAsync(context, TestCluster.Read(TestCluster.Shard("unread/0"))),
            "Nothing was written and no key was given",
            "run it again");

        Assert.True(refusal.MayRetry);
        await client.IsUntouchedAsync(context);
    }

    [Fact]
    [Trait("Rule", "X11")]
    public async Task CommitAndAbort_OnlyShardAskedAndSilent_UnavailableUntilItAnswers()
    {
        ShardGeneration shard = TestCluster.Shard("away/0");
        await using FakeParticipant participant = await FakeParticipant.ConnectAsync(_coordinator, FakeParticipant.Silent, shard);
        TestClient client = await TestClient.HelloAsync(_coordinator);
        TransactionContext context = client.NewContext();

        Task<Refusal> commit = PendingAsync(() => client.CommitAsync(context, TestCluster.Wrote(shard)));
        CoordinatorFrame.CommitOnePhase asked = await participant.ExpectAsync<CoordinatorFrame.CommitOnePhase>(context.Id);
        Task<Refusal> abort = PendingAsync(() => client.AbortAsync(context));

        Assert.All(await Task.WhenAll(commit, abort), refusal => Assert.True(refusal.MayRetry));
        await participant.SendAsync(new ShardFrame.OnePhaseEnded(context.Id, shard, Outcome.Committed(asked.Floor)));
        Assert.True((await client.CommitAsync(context, TestCluster.Wrote(shard))).Outcome.IsCommitted);
    }

    [Fact]
    [Trait("Rule", "X11")]
    public async Task Commit_OnlyShardNeverReached_AbortsAfterTheVoteTimeout()
    {
        TestClient client = await TestClient.HelloAsync(_coordinator);

        CommitResult result = await client.CommitAsync(client.NewContext(), TestCluster.Wrote(TestCluster.Shard("nowhere/0")));

        Assert.Equal(Outcome.Aborted(AbortReason.VoteTimeout), result.Outcome);
    }

    private static Task<Refusal> PendingAsync(Func<Task> call) => Refused.AsAsync(
        RefusalStatus.Unavailable, RefusalReason.OutcomePending, call, "may still commit", "ask again with Resolve");
}
