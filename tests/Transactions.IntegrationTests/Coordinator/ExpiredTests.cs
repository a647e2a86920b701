using NodaTime;
using Transactions.Clocks;
using Transactions.IntegrationTests.Fixtures;
using Transactions.Model;
using Xunit;

namespace Transactions.IntegrationTests.Coordinator;

/// <summary>Ids at or below the low-water mark: rows that are there are told, nothing new is written, and nothing is guessed.</summary>
[Trait("Rule", "D5")]
[Trait("Rule", "7")]
public sealed class ExpiredTests(PostgresFixture postgres)
{
    private static readonly ShardGeneration Left = TestCluster.Shard("expired/0");
    private static readonly ShardGeneration Right = TestCluster.Shard("expired/1");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task GetOutcomeAndResolve_NoRowBelowTheMark_Expired()
    {
        (TestCoordinator coordinator, Backend log, TestClient client) = await StartAsync();
        await using (coordinator)
        await using (log)
        {
            TransactionContext context = client.NewContext() with { Coordinator = new("elsewhere", new Incarnation(1)) };
            await RaiseMarkAsync(log, context);

            Refusal asked = await Refused.AsAsync(
                RefusalStatus.FailedPrecondition, RefusalReason.Expired, () => client.GetOutcomeAsync(context.Id));
            Refusal resolved = await Refused.AsAsync(
                RefusalStatus.FailedPrecondition, RefusalReason.Expired, () => client.ResolveAsync(context, Both()));
            Refusal keyed = await Refused.AsAsync(
                RefusalStatus.FailedPrecondition, RefusalReason.Expired, () => client.ResolveAsync(context, [], "a key"));

            Assert.All((Refusal[])[asked, resolved, keyed], refusal =>
            {
                Assert.Contains("older than what the log keeps", refusal.Message, StringComparison.Ordinal);
                Assert.Equal((false, AbortReason.Unspecified), (refusal.MayRetry, refusal.AbortReason));
            });
            Assert.Equal(0, await log.ReadAsync<int>("select count(*)::int from txn.decisions"));
        }
    }

    [Fact]
    public async Task GetOutcomeAndResolve_RowBelowTheMark_ToldAllTheSame()
    {
        (TestCoordinator coordinator, Backend log, TestClient client) = await StartAsync();
        await using (coordinator)
        await using (log)
        await using (await FakeParticipant.ConnectAsync(coordinator, Left, Right))
        {
            TransactionContext context = client.NewContext();
            CommitResult committed = await client.CommitAsync(context, Both(), "a key", [7]);
            await RaiseMarkAsync(log, context);

            Assert.Equal(committed.Outcome, (await client.GetOutcomeAsync(context.Id))!.Outcome);
            Assert.Equal(committed.Outcome, (await client.ResolveAsync(context, Both(), "a key")).Outcome);
        }
    }

    [Fact]
    public async Task Commit_ItsOnlyInsertIsRefused_Aborted()
    {
        (TestCoordinator coordinator, Backend log, TestClient client) = await StartAsync();
        await using (coordinator)
        await using (log)
        await using (FakeParticipant participant = await FakeParticipant.ConnectAsync(coordinator, Left, Right))
        {
            TransactionContext context = client.NewContext();
            await RaiseMarkAsync(log, context);

            CommitResult result = await client.CommitAsync(context, Both());

            Assert.Equal(Outcome.Aborted(AbortReason.DeadlinePassed), result.Outcome);
            Assert.False((await participant.ExpectAsync<CoordinatorFrame.Ended>(context.Id)).Outcome.IsCommitted);
            Assert.Equal(0, await log.ReadAsync<int>("select count(*)::int from txn.decisions"));
        }
    }

    [Fact]
    [Trait("Rule", "D3")]
    public async Task InDoubt_PreparedShardBelowTheMark_ToldAbort()
    {
        (TestCoordinator coordinator, Backend log, TestClient client) = await StartAsync();
        await using (coordinator)
        await using (log)
        await using (FakeParticipant participant = await FakeParticipant.ConnectAsync(coordinator, Left))
        {
            TransactionContext context = client.NewContext();
            await RaiseMarkAsync(log, context);

            await participant.SendAsync(new ShardFrame.InDoubt(context.Id, Left, new("elsewhere", new Incarnation(1))));

            CoordinatorFrame.Ended told = await participant.ExpectAsync<CoordinatorFrame.Ended>(context.Id);
            Assert.Equal(Outcome.Aborted(AbortReason.Expired), told.Outcome);
        }
    }

    private static CommitShard[] Both() => TestCluster.Wrote(Left, Right);

    // As a coordinator would, whose clock is past the id's date by lifetime and retention.
    private static Task RaiseMarkAsync(Backend log, TransactionContext context) =>
        log.RunAsync("update txn.cluster set mark = $1", context.Id.IssuedAt.Plus(Duration.FromMilliseconds(1)).Value);

    private async Task<(TestCoordinator Coordinator, Backend Log, TestClient Client)> StartAsync()
    {
        string database = await postgres.NewDatabaseAsync("expired");
        TestCoordinator coordinator = await TestCoordinator.ServeAsync(database);
        return (coordinator, await Backend.OpenAsync(database, Token), await TestClient.HelloAsync(coordinator));
    }
}
