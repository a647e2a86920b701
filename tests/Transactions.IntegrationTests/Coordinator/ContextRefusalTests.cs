using Google.Protobuf;
using NodaTime;
using Transactions.Clocks;
using Transactions.Contracts;
using Transactions.Model;
using Xunit;
using V1 = Transactions.Contracts.V1;

namespace Transactions.IntegrationTests.Coordinator;

/// <summary>What is refused for its context: not signed so, not this coordinator's, or out of its dates. Nothing is changed.</summary>
[Trait("Rule", "7")]
public sealed class ContextRefusalTests(CoordinatorFixture fixture) : IClassFixture<CoordinatorFixture>
{
    private readonly TestCoordinator _coordinator = fixture.Coordinator;

    [Fact]
    public async Task Commit_WithoutContext_NamesTheField()
    {
        await Refused.FieldAsync("context", async () => await _coordinator.Calls.CommitAsync(new()), "send it");
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
        await client.IsUntouchedAsync(context);
    }

    [Fact]
    public async Task Commit_TruncatedContext_NamesThePayload()
    {
        TestClient client = await TestClient.HelloAsync(_coordinator);
        TransactionContext context = client.NewContext();
        V1.CommitRequest request = client.Request(context, []);
        request.Context.Payload = ByteString.CopyFrom(request.Context.Payload.Span[..^3]);

        await Refused.FieldAsync("context.payload", () => client.CommitAsync(request), "can't be parsed", "send a serialized TransactionContext");
        await client.IsUntouchedAsync(context);
    }

    [Fact]
    public async Task Commit_TruncatedSignature_Unauthenticated()
    {
        TestClient client = await TestClient.HelloAsync(_coordinator);
        TransactionContext context = client.NewContext();
        V1.CommitRequest request = client.Request(context, []);
        request.Context.Signature = ByteString.CopyFrom(request.Context.Signature.Span[..31]);

        Refusal refusal = await Refused.AsAsync(
            RefusalStatus.Unauthenticated,
            RefusalReason.BadSignature,
            () => client.CommitAsync(request),
            "signature",
            "sign the payload with the key that Hello gave");

        Assert.Equal("context", refusal.Field);
        await client.IsUntouchedAsync(context);
    }

    [Fact]
    public async Task Commit_OversizedContext_NamesThePayload()
    {
        TestClient client = await TestClient.HelloAsync(_coordinator);
        TransactionContext context = client.NewContext();
        V1.CommitRequest request = client.Request(context, []);
        request.Context.Payload = ByteString.CopyFrom(new byte[WireLimits.MaxContextBytes + 1]);

        await Refused.FieldAsync("context.payload", () => client.CommitAsync(request), "1025 bytes", "at most 1024");
        await client.IsUntouchedAsync(context);
    }

    [Fact]
    [Trait("Rule", "X1")]
    public async Task CommitAndAbort_AnotherCoordinatorsContext_RedirectAndEndNothing()
    {
        TestClient client = await TestClient.HelloAsync(_coordinator);
        TransactionContext context = client.NewContext() with { Coordinator = new("two", client.Home.Incarnation) };

        foreach (Func<Task> call in (Func<Task>[])[() => client.CommitAsync(context, []), () => client.AbortAsync(context)])
        {
            Refusal refusal = await Refused.AsAsync(
                RefusalStatus.FailedPrecondition, RefusalReason.OtherCoordinator, call, "'two'", "send this to that one");
            Assert.Equal(("two", "context.coordinator"), (refusal.Redirect, refusal.Field));
        }

        await client.IsUntouchedAsync(context with { Coordinator = client.Home });
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
            RefusalStatus.FailedPrecondition, RefusalReason.OtherIncarnation, () => client.AbortAsync(context), "Resolve", "run it again");

        Assert.Equal("context.incarnation", refusal.Field);
        await client.IsUntouchedAsync(context with { Coordinator = client.Home });
    }

    [Fact]
    [Trait("Rule", "X1")]
    public async Task Commit_IdFromTheFuture_NamesTheIdAndTheOffset()
    {
        TestClient client = await TestClient.HelloAsync(_coordinator);
        TransactionContext context = client.NewContext(TestClient.Now.Plus(Duration.FromMinutes(5)));

        Refusal refusal = await Refused.AsAsync(
            RefusalStatus.InvalidArgument,
            RefusalReason.IdOutOfRange,
            () => client.CommitAsync(context, []),
            $"dated {context.Id.IssuedAt}",
            $"more than {TestCluster.Identity.Limits.MaxOffset} (MaxOffset) ahead",
            "set the clock");

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

        Refusal refusal = await Refused.AsAsync(
            RefusalStatus.FailedPrecondition, RefusalReason.DeadlinePassed, () => client.AbortAsync(context), "ask with Resolve");

        Assert.Equal("context.deadline", refusal.Field);
        Assert.Null(await client.GetOutcomeAsync(context.Id));
    }

    [Fact]
    [Trait("Rule", "X1")]
    public async Task Commit_DeadlineBeyondTheLongestLifetime_NamesTheDeadline()
    {
        TestClient client = await TestClient.HelloAsync(_coordinator);
        TransactionContext context = client.NewContext(lifetime: Duration.FromSeconds(61));

        await Refused.FieldAsync(
            "context.deadline",
            () => client.CommitAsync(context, []),
            $"{TestCluster.Identity.Limits.MaxLifetime} (MaxLifetime)",
            "set an earlier one");
        await client.IsUntouchedAsync(context with { Deadline = context.Id.IssuedAt.Plus(Duration.FromSeconds(20)) });
    }
}
