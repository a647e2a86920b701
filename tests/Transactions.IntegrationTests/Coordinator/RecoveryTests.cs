using Transactions.Coordinator.Server;
using Transactions.IntegrationTests.Fixtures;
using Transactions.Model;
using Xunit;

namespace Transactions.IntegrationTests.Coordinator;

/// <summary>Lost replies, other coordinators over the same log, and new lives: nobody is ever told two outcomes.</summary>
[Trait("Rule", "1")]
public sealed class RecoveryTests(PostgresFixture postgres)
{
    private static readonly ShardGeneration Left = TestCluster.Shard("left/0");
    private static readonly ShardGeneration Right = TestCluster.Shard("right/0");

    [Fact]
    [Trait("Rule", "D4")]
    public async Task Resolve_AtAnotherCoordinatorAfterACommit_AnswersTheSame()
    {
        string log = await LogAsync();
        await using TestCoordinator one = await TestCoordinator.ServeAsync(log);
        await using TestCoordinator two = await TestCoordinator.ServeAsync(log, "two");
        await using FakeParticipant participant = await FakeParticipant.ConnectAsync(one, Left, Right);
        TestClient client = await TestClient.HelloAsync(one);
        TransactionContext context = client.NewContext();
        CommitResult committed = await client.CommitAsync(context, TestCluster.Wrote(Left, Right));

        CommitResult resolved = await client.ResolveAsync(context, TestCluster.Wrote(Left, Right), at: two);

        Assert.True(committed.Outcome.IsCommitted, committed.Outcome.ToString());
        Assert.Equal(committed, resolved);
    }

    [Fact]
    [Trait("Rule", "D4")]
    [Trait("Rule", "D1")]
    public async Task Commit_ResolvedElsewhereBefore_ObeysTheLog()
    {
        string log = await LogAsync();
        await using TestCoordinator one = await TestCoordinator.ServeAsync(log);
        await using TestCoordinator two = await TestCoordinator.ServeAsync(log, "two");
        await using FakeParticipant participant = await FakeParticipant.ConnectAsync(one, Left, Right);
        TestClient client = await TestClient.HelloAsync(one);
        TransactionContext context = client.NewContext();
        CommitResult resolved = await client.ResolveAsync(context, TestCluster.Wrote(Left, Right), at: two);

        CommitResult late = await client.CommitAsync(context, TestCluster.Wrote(Left, Right));

        Assert.Equal(Outcome.Aborted(AbortReason.Resolved), resolved.Outcome);
        Assert.False(late.Outcome.IsCommitted);
        Assert.False((await participant.ExpectAsync<CoordinatorFrame.Ended>(context.Id)).Outcome.IsCommitted);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    [Trait("Rule", "D4")]
    public async Task Resolve_OneShardNoKey_AsksTheShard(bool isCommitted)
    {
        string log = await LogAsync();
        await using TestCoordinator one = await TestCoordinator.ServeAsync(log);
        await using TestCoordinator two = await TestCoordinator.ServeAsync(log, "two");
        TestClient client = await TestClient.HelloAsync(one);
        TransactionContext context = client.NewContext();
        await using FakeParticipant participant = await FakeParticipant.ConnectAsync(
            two,
            (owner, frame) => isCommitted && frame is CoordinatorFrame.ResolveOnePhase
                ? new ShardFrame.Resolved(frame.Id, owner, ShardResolution.Committed(context.Priority))
                : FakeParticipant.Honest(owner, frame),
            Left);

        CommitResult resolved = await client.ResolveAsync(context, TestCluster.Wrote(Left), at: two);

        Assert.Equal(
            isCommitted ? Outcome.Committed(context.Priority) : Outcome.Aborted(AbortReason.Resolved), resolved.Outcome);
    }

    [Fact]
    [Trait("Rule", "D6")]
    public async Task Resolve_WithAKeyHeldByAnother_AnswersTheHolder()
    {
        string log = await LogAsync();
        await using TestCoordinator one = await TestCoordinator.ServeAsync(log);
        await using TestCoordinator two = await TestCoordinator.ServeAsync(log, "two");
        await using FakeParticipant participant = await FakeParticipant.ConnectAsync(one, Left, Right);
        TestClient client = await TestClient.HelloAsync(one);
        CommitResult first = await client.CommitAsync(client.NewContext(), TestCluster.Wrote(Left, Right), "order", [1, 2, 3]);

        CommitResult resolved = await client.ResolveAsync(client.NewContext(), TestCluster.Wrote(Left, Right), "order", at: two);

        Assert.Equal((first.Id, first.Outcome), (resolved.Id, resolved.Outcome));
        Assert.Equal([1, 2, 3], resolved.Result?.ToArray());
    }

    [Fact]
    [Trait("Rule", "D3")]
    [Trait("Rule", "X1")]
    public async Task Restart_VotedButUndecided_TheShardIsToldAbortAndTheClientToo()
    {
        string log = await LogAsync();
        TransactionContext context;
        TestClient client;
        await using (TestCoordinator before = await TestCoordinator.ServeAsync(log, configure: o => o.DrainTimeout = TimeSpan.Zero))
        {
            await using FakeParticipant participant = await FakeParticipant.ConnectAsync(
                before, (owner, frame) => owner == Left ? FakeParticipant.Honest(owner, frame) : null, Left, Right);
            client = await TestClient.HelloAsync(before);
            context = client.NewContext();
            Task<CommitResult> lost = client.CommitAsync(context, TestCluster.Wrote(Left, Right));
            await participant.ExpectAsync<CoordinatorFrame.Prepare>(context.Id);
            await before.StopAsync();
            await Refused.AsAsync(RefusalStatus.Unavailable, RefusalReason.ShuttingDown, () => lost);
        }

        await using TestCoordinator after = await TestCoordinator.ServeAsync(log);
        await using FakeParticipant inDoubt = await FakeParticipant.ConnectAsync(after, Left, Right);
        await inDoubt.SendAsync(new ShardFrame.InDoubt(context.Id, Left, context.Coordinator));

        Outcome told = (await inDoubt.ExpectAsync<CoordinatorFrame.Ended>(context.Id)).Outcome;
        CommitResult resolved = await client.ResolveAsync(context, TestCluster.Wrote(Left, Right), at: after);
        Assert.False(told.IsCommitted);
        Assert.Equal(told, resolved.Outcome);
    }

    [Fact]
    [Trait("Rule", "D5")]
    public async Task Restart_CommittedButNotApplied_TheOutcomeIsSentAgainUntilItIs()
    {
        string log = await LogAsync();
        TransactionContext context;
        CommitResult committed;
        await using (TestCoordinator before = await TestCoordinator.ServeAsync(log))
        {
            await using FakeParticipant participant = await FakeParticipant.ConnectAsync(
                before, (owner, frame) => frame is CoordinatorFrame.Ended ? null : FakeParticipant.Honest(owner, frame), Left, Right);
            TestClient client = await TestClient.HelloAsync(before);
            context = client.NewContext();
            committed = await client.CommitAsync(context, TestCluster.Wrote(Left, Right));
        }

        await using (TestCoordinator after = await TestCoordinator.ServeAsync(log, configure: Hasty))
        await using (FakeParticipant participant = await FakeParticipant.ConnectAsync(after, Left, Right))
        {
            Assert.Equal(committed.Outcome, (await participant.ExpectAsync<CoordinatorFrame.Ended>(context.Id)).Outcome);
            await Eventually.IsTrueAsync(
                async () => await CountAsync(log, "select count(*)::int from txn.decisions where unapplied <> '{}'") == 0,
                () => "The log doesn't know that it is applied.");
        }
    }

    [Fact]
    [Trait("Rule", "D3")]
    public async Task InDoubt_AskedAnotherCoordinatorWhileDecidedCommit_IsToldCommit()
    {
        string log = await LogAsync();
        await using TestCoordinator one = await TestCoordinator.ServeAsync(log);
        await using TestCoordinator two = await TestCoordinator.ServeAsync(log, "two");
        await using FakeParticipant participant = await FakeParticipant.ConnectAsync(one, Left, Right);
        TestClient client = await TestClient.HelloAsync(one);
        TransactionContext context = client.NewContext();
        CommitResult committed = await client.CommitAsync(context, TestCluster.Wrote(Left, Right));

        await using FakeParticipant asking = await FakeParticipant.ConnectAsync(two, Left);
        await asking.SendAsync(new ShardFrame.InDoubt(context.Id, Left, context.Coordinator));

        Assert.Equal(committed.Outcome, (await asking.ExpectAsync<CoordinatorFrame.Ended>(context.Id)).Outcome);
    }

    private static void Hasty(CoordinatorServerOptions options)
    {
        options.RecoveryInterval = TimeSpan.FromMilliseconds(50);
        options.ResendInterval = TimeSpan.FromMilliseconds(50);
    }

    private static async Task<int> CountAsync(string log, string sql)
    {
        await using Backend backend = await Backend.OpenAsync(log, TestContext.Current.CancellationToken);
        return await backend.ReadAsync<int>(sql);
    }

    private Task<string> LogAsync() => postgres.NewDatabaseAsync("recovery");
}
