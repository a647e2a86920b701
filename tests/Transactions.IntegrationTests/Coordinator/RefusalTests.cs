using Google.Protobuf;
using NodaTime;
using Transactions.Clocks;
using Transactions.Contracts;
using Transactions.Model;
using Xunit;
using V1 = Transactions.Contracts.V1;

namespace Transactions.IntegrationTests.Coordinator;

/// <summary>Every refusal of section 7 that a client can bring about: right status, telling words, and nothing changed.</summary>
[Trait("Rule", "7")]
public sealed class RefusalTests(CoordinatorFixture fixture) : IClassFixture<CoordinatorFixture>
{
    private readonly TestCoordinator _coordinator = fixture.Coordinator;

    [Fact]
    public async Task Commit_WithoutContext_NamesTheField()
    {
        await Refused.FieldAsync("context", async () => await _coordinator.Calls.CommitAsync(new()));
    }

    [Fact]
    public async Task Commit_ForgedContext_Unauthenticated()
    {
        TestClient client = await TestClient.HelloAsync(_coordinator);
        TransactionContext context = client.NewContext();
        V1.CommitRequest request = client.Request(context, []);
        V1.TransactionContext claimed = V1.TransactionContext.Parser.ParseFrom(request.Context.Payload);
        claimed.Client = "bank";
        request.Context.Payload = claimed.ToByteString();

        Refusal refusal = await Refused.AsAsync(
            RefusalStatus.Unauthenticated, RefusalReason.BadSignature, () => client.CommitAsync(request));

        Assert.Equal("context", refusal.Field);
        Assert.Contains("bank", refusal.Message, StringComparison.Ordinal);
        await IsUntouchedAsync(client, context);
    }

    [Fact]
    public async Task Commit_TruncatedContext_NamesThePayload()
    {
        TestClient client = await TestClient.HelloAsync(_coordinator);
        TransactionContext context = client.NewContext();
        V1.CommitRequest request = client.Request(context, []);
        request.Context.Payload = ByteString.CopyFrom(request.Context.Payload.Span[..^3]);

        await Refused.FieldAsync("context.payload", () => client.CommitAsync(request));
        await IsUntouchedAsync(client, context);
    }

    [Fact]
    public async Task Commit_TruncatedSignature_Unauthenticated()
    {
        TestClient client = await TestClient.HelloAsync(_coordinator);
        TransactionContext context = client.NewContext();
        V1.CommitRequest request = client.Request(context, []);
        request.Context.Signature = ByteString.CopyFrom(request.Context.Signature.Span[..31]);

        await Refused.AsAsync(RefusalStatus.Unauthenticated, RefusalReason.BadSignature, () => client.CommitAsync(request));
        await IsUntouchedAsync(client, context);
    }

    [Fact]
    public async Task Commit_OversizedContext_NamesThePayload()
    {
        TestClient client = await TestClient.HelloAsync(_coordinator);
        V1.CommitRequest request = client.Request(client.NewContext(), []);
        request.Context.Payload = ByteString.CopyFrom(new byte[WireLimits.MaxContextBytes + 1]);

        Refusal refusal = await Refused.FieldAsync("context.payload", () => client.CommitAsync(request));
        Assert.Contains("1024", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Rule", "X1")]
    public async Task Commit_AnotherCoordinatorsContext_RedirectsAndEndsNothing()
    {
        TestClient client = await TestClient.HelloAsync(_coordinator);
        TransactionContext context = client.NewContext() with { Coordinator = new("two", client.Home.Incarnation) };

        Refusal refusal = await Refused.AsAsync(
            RefusalStatus.FailedPrecondition, RefusalReason.OtherCoordinator, () => client.CommitAsync(context, []));

        Assert.Equal("two", refusal.Redirect);
        await IsUntouchedAsync(client, context with { Coordinator = client.Home });
    }

    [Fact]
    [Trait("Rule", "X1")]
    [Trait("Rule", "D4")]
    public async Task Commit_AnotherIncarnationsContext_IsAnsweredAsResolve()
    {
        TestClient client = await TestClient.HelloAsync(_coordinator);
        TransactionContext context = client.NewContext() with { Coordinator = new(client.Home.Name, new Incarnation(42)) };
        CommitShard[] two = TestCluster.Wrote(TestCluster.Shard("life/0"), TestCluster.Shard("life/1"));

        CommitResult result = await client.CommitAsync(context, two);

        Assert.Equal(Outcome.Aborted(AbortReason.Resolved), result.Outcome);
        Assert.Equal(result, await client.GetOutcomeAsync(context.Id));
    }

    [Fact]
    [Trait("Rule", "X1")]
    public async Task Abort_AnotherIncarnationsContext_IsRefused()
    {
        TestClient client = await TestClient.HelloAsync(_coordinator);
        TransactionContext context = client.NewContext() with { Coordinator = new(client.Home.Name, new Incarnation(42)) };

        Refusal refusal = await Refused.AsAsync(
            RefusalStatus.FailedPrecondition, RefusalReason.OtherIncarnation, () => client.AbortAsync(context));

        Assert.Contains("Resolve", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Rule", "X1")]
    public async Task Commit_IdFromTheFuture_NamesTheIdAndTheOffset()
    {
        TestClient client = await TestClient.HelloAsync(_coordinator);
        TransactionContext context = client.NewContext(TestClient.Now.Plus(Duration.FromMinutes(5)));

        Refusal refusal = await Refused.AsAsync(
            RefusalStatus.InvalidArgument, RefusalReason.IdOutOfRange, () => client.CommitAsync(context, []));

        Assert.Equal("context.id", refusal.Field);
        Assert.Null(await client.GetOutcomeAsync(context.Id));
    }

    [Fact]
    [Trait("Rule", "X1")]
    [Trait("Rule", "D4")]
    public async Task Commit_FirstSeenAfterItsDeadline_IsAnsweredAsResolve()
    {
        TestClient client = await TestClient.HelloAsync(_coordinator);
        TransactionContext context = client.NewContext(TestClient.Now.Minus(Duration.FromMinutes(5)));
        CommitShard[] two = TestCluster.Wrote(TestCluster.Shard("old/0"), TestCluster.Shard("old/1"));

        CommitResult result = await client.CommitAsync(context, two);

        Assert.Equal(Outcome.Aborted(AbortReason.Resolved), result.Outcome);
    }

    [Fact]
    [Trait("Rule", "X5")]
    public async Task Abort_UnknownAndPastItsDeadline_IsRefused()
    {
        TestClient client = await TestClient.HelloAsync(_coordinator);
        TransactionContext context = client.NewContext(TestClient.Now.Minus(Duration.FromMinutes(5)));

        await Refused.AsAsync(RefusalStatus.FailedPrecondition, RefusalReason.DeadlinePassed, () => client.AbortAsync(context));
    }

    [Fact]
    [Trait("Rule", "X1")]
    public async Task Commit_DeadlineBeyondTheLongestLifetime_NamesTheDeadline()
    {
        TestClient client = await TestClient.HelloAsync(_coordinator);
        TransactionContext context = client.NewContext(lifetime: Duration.FromSeconds(61));

        Refusal refusal = await Refused.FieldAsync("context.deadline", () => client.CommitAsync(context, []));

        Assert.Contains("MaxLifetime", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Commit_TooManyShards_NamesTheLimit()
    {
        TestClient client = await TestClient.HelloAsync(_coordinator);
        TransactionContext context = client.NewContext();
        CommitShard[] five = TestCluster.Wrote([.. Enumerable.Range(0, 5).Select(i => TestCluster.Shard($"many/{i}"))]);

        Refusal refusal = await Refused.AsAsync(
            RefusalStatus.ResourceExhausted, RefusalReason.LimitReached, () => client.CommitAsync(context, five));

        Assert.Equal("shards", refusal.Field);
        Assert.Contains("MaxShards", refusal.Message, StringComparison.Ordinal);
        await IsUntouchedAsync(client, context);
    }

    [Fact]
    public async Task Commit_ShardTwice_NamesTheElement()
    {
        TestClient client = await TestClient.HelloAsync(_coordinator);
        TransactionContext context = client.NewContext();
        CommitShard[] twice = TestCluster.Wrote(TestCluster.Shard("same/0"), TestCluster.Shard("same/0"));

        await Refused.FieldAsync("shards[1]", () => client.CommitAsync(context, twice));
        await IsUntouchedAsync(client, context);
    }

    [Theory]
    [InlineData("payments", 1, 1, "shards[0].shard")]
    [InlineData("payments/0", 0, 1, "shards[0].generation")]
    [InlineData("payments/0", 1, 0, "shards[0].operations")]
    [InlineData("payments/0", 1, 1_000_001, "shards[0].operations")]
    public async Task Commit_MalformedShard_NamesTheField(string shard, long generation, int operations, string field)
    {
        TestClient client = await TestClient.HelloAsync(_coordinator);
        TransactionContext context = client.NewContext();
        V1.CommitRequest request = client.Request(context, []);
        request.Shards.Add(new V1.CommitShard { Shard = shard, Generation = generation, Operations = operations });

        await Refused.FieldAsync(field, () => client.CommitAsync(request));
        await IsUntouchedAsync(client, context);
    }

    [Fact]
    public async Task Commit_OversizedKey_NamesTheLimit()
    {
        TestClient client = await TestClient.HelloAsync(_coordinator);
        TransactionContext context = client.NewContext();

        Refusal refusal = await Refused.FieldAsync(
            "idempotency_key", () => client.CommitAsync(context, [], new string('k', IdempotencyKey.MaxLength + 1)));

        Assert.Contains("200", refusal.Message, StringComparison.Ordinal);
        await IsUntouchedAsync(client, context);
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
            RefusalStatus.ResourceExhausted, RefusalReason.LimitReached, () => client.CommitAsync(context, [], "big", new byte[101]));

        Assert.Equal("result", refusal.Field);
        Assert.Contains("MaxResultBytes", refusal.Message, StringComparison.Ordinal);
        await IsUntouchedAsync(client, context);
    }

    [Fact]
    public async Task Commit_ResultWithoutKey_NamesTheResult()
    {
        TestClient client = await TestClient.HelloAsync(_coordinator);
        TransactionContext context = client.NewContext();
        V1.CommitRequest request = client.Request(context, []);
        request.Result = ByteString.CopyFromUtf8("lost");

        await Refused.FieldAsync("result", () => client.CommitAsync(request));
        await IsUntouchedAsync(client, context);
    }

    [Fact]
    [Trait("Rule", "X6")]
    public async Task Commit_AnotherSetThanTheSealedOne_IsRefusedAndTheFirstGoesOn()
    {
        ShardGeneration quick = TestCluster.Shard("sets/0");
        ShardGeneration slow = TestCluster.Shard("sets/1");
        await using FakeParticipant participant = await FakeParticipant.ConnectAsync(
            _coordinator, (owner, frame) => owner == slow && frame is CoordinatorFrame.Prepare ? null : FakeParticipant.Honest(owner, frame), quick, slow);
        TestClient client = await TestClient.HelloAsync(_coordinator);
        TransactionContext context = client.NewContext();
        Task<CommitResult> first = client.CommitAsync(context, TestCluster.Wrote(quick, slow));
        CoordinatorFrame.Prepare asked = await participant.ExpectAsync<CoordinatorFrame.Prepare>(context.Id);

        await Refused.AsAsync(
            RefusalStatus.FailedPrecondition, RefusalReason.TransactionSealed, () => client.CommitAsync(context, TestCluster.Wrote(quick)));

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
            await _coordinator.Calls.HeartbeatAsync(new() { Client = "thief", Transactions = { begun.Transaction.Id } }));

        Assert.Equal("ids", refusal.Field);
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

        await Refused.AsAsync(RefusalStatus.PermissionDenied, RefusalReason.OtherClient, () => thief.CommitAsync(stolen, []));
        await Refused.AsAsync(RefusalStatus.PermissionDenied, RefusalReason.OtherClient, () => thief.AbortAsync(stolen));
        await Refused.AsAsync(
            RefusalStatus.PermissionDenied, RefusalReason.OtherClient, () => thief.ResolveAsync(stolen, TestCluster.Wrote(shard)));

        Assert.True((await owner.CommitAsync(context, TestCluster.Wrote(shard))).Outcome.IsCommitted);
    }

    [Theory]
    [InlineData(1, "tests", "", RefusalStatus.InvalidArgument, RefusalReason.InvalidField, "client")]
    [InlineData(2, "tests", "shop", RefusalStatus.FailedPrecondition, RefusalReason.ClusterMismatch, "protocol_version")]
    [InlineData(1, "production", "shop", RefusalStatus.FailedPrecondition, RefusalReason.ClusterMismatch, "cluster")]
    [Trait("Rule", "T5")]
    public async Task Hello_Mismatch_NamesBothValues(
        int version, string cluster, string client, RefusalStatus status, RefusalReason reason, string field)
    {
        Refusal refusal = await Refused.AsAsync(status, reason, async () =>
            await _coordinator.Calls.HelloAsync(new() { ProtocolVersion = version, Cluster = cluster, Client = client }));

        Assert.Equal(field, refusal.Field);
        if (field == "cluster")
        {
            Assert.Contains("'production'", refusal.Message, StringComparison.Ordinal);
            Assert.Contains("'tests'", refusal.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Begin_TimeoutBeyondTheLongestLifetime_NamesTheLimit()
    {
        Refusal refusal = await Refused.FieldAsync("timeout", async () =>
            await _coordinator.Calls.BeginAsync(new() { Client = "shop", Timeout = new() { Seconds = 61 } }));

        Assert.Contains("MaxLifetime", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Begin_WithoutClient_NamesTheField() =>
        await Refused.FieldAsync("client", async () => await _coordinator.Calls.BeginAsync(new()));

    [Fact]
    public async Task GetOutcome_OfNothing_NamesTheField() =>
        await Refused.FieldAsync("transaction", async () => await _coordinator.Calls.GetOutcomeAsync(new()));

    [Fact]
    public async Task GetOutcome_NoUuidOfVersion7_NamesTheField() => await Refused.FieldAsync(
        "transaction", async () => await _coordinator.Calls.GetOutcomeAsync(new() { Transaction = ByteString.CopyFrom(new byte[16]) }));

    [Fact]
    [Trait("Rule", "D2")]
    public async Task GetOutcome_Unknown_SaysNothingAndEndsNothing()
    {
        TestClient client = await TestClient.HelloAsync(_coordinator);
        TransactionContext context = client.NewContext();

        Assert.Null(await client.GetOutcomeAsync(context.Id));
        await IsUntouchedAsync(client, context);
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
            () => client.ResolveAsync(context, TestCluster.Read(TestCluster.Shard("unread/0"))));

        Assert.True(refusal.MayRetry);
        await IsUntouchedAsync(client, context);
    }

    [Fact]
    [Trait("Rule", "X11")]
    public async Task Commit_OnlyShardAskedAndSilent_UnavailableUntilItAnswers()
    {
        ShardGeneration shard = TestCluster.Shard("away/0");
        await using FakeParticipant participant = await FakeParticipant.ConnectAsync(_coordinator, FakeParticipant.Silent, shard);
        TestClient client = await TestClient.HelloAsync(_coordinator);
        TransactionContext context = client.NewContext();

        Refusal refusal = await Refused.AsAsync(
            RefusalStatus.Unavailable, RefusalReason.OutcomePending, () => client.CommitAsync(context, TestCluster.Wrote(shard)));

        Assert.True(refusal.MayRetry);
        CoordinatorFrame.CommitOnePhase asked = await participant.ExpectAsync<CoordinatorFrame.CommitOnePhase>(context.Id);
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

    // Nothing was decided of it, and it can still be committed.
    private static async Task IsUntouchedAsync(TestClient client, TransactionContext context)
    {
        Assert.Null(await client.GetOutcomeAsync(context.Id));
        Assert.True((await client.CommitAsync(context, [])).Outcome.IsCommitted);
    }
}
