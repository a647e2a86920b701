using NodaTime;
using Transactions.Clocks;
using Transactions.Model;

namespace Transactions.Coordinator.Tests.Refusals;

[Trait("Rule", "X6")]
[Trait("Rule", "E7")]
public sealed class CommitRefusalTests
{
    private readonly MachineHarness _harness = new();

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    public void Commit_ShardWithoutOperations_IsInvalid(int operations)
    {
        Refusal refusal = _harness.RefusalOfCommit(
            _harness.NewTransaction(), [MachineHarness.Wrote(MachineHarness.Orders, operations)]);

        AssertInvalid("shards.operations", refusal);
    }

    [Fact]
    public void Commit_GenerationBelowOne_IsInvalid() => AssertInvalid("shards.generation", _harness.RefusalOfCommit(
        _harness.NewTransaction(), [MachineHarness.Wrote(MachineHarness.Orders with { Generation = new(0) })]));

    [Fact]
    public void Commit_ShardWithoutName_IsInvalid() => AssertInvalid("shards.shard", _harness.RefusalOfCommit(
        _harness.NewTransaction(), [MachineHarness.Wrote(default)]));

    [Fact]
    public void Commit_NoList_IsInvalid()
    {
        CoordinatorEvent.Commit commit = new(_harness.NextCall(), _harness.NewTransaction(), default, null, null);

        AssertInvalid("shards", _harness.RefusalOf(commit));
    }

    [Fact]
    public void Commit_SameOwnerTwice_IsInvalid() => AssertInvalid("shards", _harness.RefusalOfCommit(
        _harness.NewTransaction(), [MachineHarness.Wrote(MachineHarness.Orders), MachineHarness.Read(MachineHarness.Orders)]));

    [Fact]
    public void Commit_ResultWithoutKey_IsInvalid() => AssertInvalid("result", _harness.RefusalOfCommit(
        _harness.NewTransaction(), [], key: null, result: new byte[1]));

    [Theory]
    [Trait("Rule", "D6")]
    [InlineData(0)]
    [InlineData(IdempotencyKey.MaxLength + 1)]
    public void Commit_KeyOfWrongLength_IsInvalid(int length) => AssertInvalid("key", _harness.RefusalOfCommit(
        _harness.NewTransaction(), [], new IdempotencyKey("alice", new string('k', length))));

    [Fact]
    [Trait("Rule", "D6")]
    public void Commit_KeyAtTheLimit_IsTaken()
    {
        IReadOnlyList<CoordinatorEffect> effects = _harness.Commit(
            _harness.NewTransaction(), [], new IdempotencyKey("alice", new string('k', IdempotencyKey.MaxLength)));

        Assert.Single(effects.OfType<CoordinatorEffect.Record>());
    }

    [Fact]
    [Trait("Rule", "D6")]
    public void Commit_AnotherClientsKey_IsDenied()
    {
        Refusal refusal = _harness.RefusalOfCommit(_harness.NewTransaction(), [], new IdempotencyKey("bob", "k"));

        Assert.Equal((RefusalStatus.PermissionDenied, RefusalReason.OtherClient, "key"), (refusal.Status, refusal.Reason, refusal.Field));
    }

    [Fact]
    public void Commit_AnotherClientsTransaction_IsDeniedAndChangesNothing()
    {
        TransactionContext context = _harness.NewTransaction();
        Enlist(context);

        Refusal refusal = _harness.RefusalOfCommit(
            context with { Client = "bob" }, [MachineHarness.Wrote(MachineHarness.Orders)]);

        Assert.Equal((RefusalStatus.PermissionDenied, RefusalReason.OtherClient), (refusal.Status, refusal.Reason));
        AssertIsUnsealed(context);
    }

    [Theory]
    [InlineData("abort")]
    [InlineData("resolve")]
    [InlineData("heartbeat")]
    public void Event_AnotherClientsTransaction_IsDeniedAndChangesNothing(string kind)
    {
        TransactionContext context = _harness.NewTransaction();
        Enlist(context);
        TransactionContext forged = context with { Client = "bob" };

        Refusal refusal = _harness.RefusalOf(kind switch
        {
            "abort" => new CoordinatorEvent.Abort(_harness.NextCall(), forged),
            "resolve" => new CoordinatorEvent.Resolve(
                _harness.NextCall(), forged, [MachineHarness.Wrote(MachineHarness.Orders)], null),
            _ => new CoordinatorEvent.Heartbeat(_harness.NextCall(), "bob", [context.Id]),
        });

        Assert.Equal((RefusalStatus.PermissionDenied, RefusalReason.OtherClient), (refusal.Status, refusal.Reason));
        AssertIsUnsealed(context);
    }

    [Fact]
    [Trait("Rule", "X1")]
    public void Commit_IdAtTheFutureLimit_IsTakenAndBeyondItRefused()
    {
        // Ids carry milliseconds, so the clock is set to make the limit whole: now + 1 ms + 500 ms.
        Timestamp limit = _harness.Now.Plus(Duration.FromMilliseconds(501));

        Refusal refusal = _harness.RefusalOfCommit(
            _harness.NewTransaction(issuedAt: limit.Plus(Duration.FromMilliseconds(1))), [MachineHarness.Wrote(MachineHarness.Orders)]);
        _harness.Commit(_harness.NewTransaction(issuedAt: limit), [MachineHarness.Wrote(MachineHarness.Orders)]);

        Assert.Equal((RefusalStatus.InvalidArgument, RefusalReason.IdOutOfRange), (refusal.Status, refusal.Reason));
        Assert.Equal(1, _harness.Machine.OpenTransactions);
    }

    [Fact]
    [Trait("Rule", "X1")]
    public void Commit_DeadlineBeyondTheLifetime_IsRefused()
    {
        Duration longest = ProtocolLimits.Default.MaxLifetime;

        Refusal refusal = _harness.RefusalOfCommit(
            _harness.NewTransaction(longest + Duration.FromMilliseconds(1)), [MachineHarness.Wrote(MachineHarness.Orders)]);
        _harness.Commit(_harness.NewTransaction(longest), [MachineHarness.Wrote(MachineHarness.Orders)]);

        AssertInvalid("context.deadline", refusal);
        Assert.Equal(1, _harness.Machine.OpenTransactions);
    }

    [Fact]
    [Trait("Rule", "X1")]
    [Trait("Rule", "D4")]
    public void Commit_IdOlderThanTheLifetime_IsAnsweredAsResolve()
    {
        TransactionContext context = _harness.NewTransaction();
        _harness.Now = _harness.Now.Plus(ProtocolLimits.Default.MaxLifetime).Plus(Duration.FromSeconds(1));

        IReadOnlyList<CoordinatorEffect> effects = _harness.Commit(context, [MachineHarness.Wrote(MachineHarness.Orders)]);

        Assert.Equal(context.Id, Assert.Single(effects.OfType<CoordinatorEffect.Read>()).Id);
        Assert.Empty(effects.OfType<CoordinatorEffect.Answer>());
    }

    [Fact]
    [Trait("Rule", "D4")]
    public void Resolve_IdInTheFuture_SaysAskAgain()
    {
        TransactionContext context = _harness.NewTransaction(issuedAt: _harness.Now.Plus(Duration.FromMinutes(1)));

        Refusal refusal = _harness.RefusalOf(new CoordinatorEvent.Resolve(
            _harness.NextCall(), context, [MachineHarness.Wrote(MachineHarness.Orders)], null));

        Assert.Equal((RefusalStatus.Unavailable, RefusalReason.IdOutOfRange), (refusal.Status, refusal.Reason));
    }

    [Theory]
    [InlineData("", 10)]
    [InlineData("alice", 9)]
    [InlineData("alice", 11)]
    [Trait("Rule", "X1")]
    public void Begin_WrongField_IsInvalid(string client, int chance) => Assert.Equal(
        RefusalStatus.InvalidArgument,
        _harness.RefusalOf(new CoordinatorEvent.Begin(_harness.NextCall(), client, [.. new byte[chance]], null, null)).Status);

    [Fact]
    [Trait("Rule", "X1")]
    public void Begin_SameChanceAtTheSameTime_IsInvalid()
    {
        CoordinatorEvent.Begin begin = new(_harness.NextCall(), "alice", [.. new byte[10]], null, null);
        _harness.Handle(begin);

        AssertInvalid("chance", _harness.RefusalOf(begin with { Call = _harness.NextCall() }));
    }

    private void Enlist(TransactionContext context) => _harness.Handle(new CoordinatorEvent.FrameReceived(
        new LinkId(1), new ShardFrame.Enlist(context.Id, MachineHarness.Orders, context)));

    private void AssertIsUnsealed(TransactionContext context)
    {
        _harness.Connect(MachineHarness.Orders);
        IReadOnlyList<CoordinatorEffect> effects = _harness.Commit(context, [MachineHarness.Wrote(MachineHarness.Orders)]);

        Assert.IsType<CoordinatorFrame.CommitOnePhase>(Assert.Single(effects.OfType<CoordinatorEffect.Send>()).Frame);
    }

    private static void AssertInvalid(string field, Refusal refusal) => Assert.Equal(
        (RefusalStatus.InvalidArgument, RefusalReason.InvalidField, field), (refusal.Status, refusal.Reason, refusal.Field));
}
