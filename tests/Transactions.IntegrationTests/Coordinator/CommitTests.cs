using System.Text;
using NodaTime;
using Transactions.Clocks;
using Transactions.Contracts;
using Transactions.Model;
using Xunit;
using V1 = Transactions.Contracts.V1;

namespace Transactions.IntegrationTests.Coordinator;

public sealed class CommitTests(CoordinatorFixture fixture) : IClassFixture<CoordinatorFixture>
{
    private readonly TestCoordinator _coordinator = fixture.Coordinator;

    [Fact]
    [Trait("Rule", "X6")]
    [Trait("Rule", "X8")]
    public async Task Commit_TwoWriters_PreparesBothThenTellsBoth()
    {
        ShardGeneration left = TestCluster.Shard("two/0");
        ShardGeneration right = TestCluster.Shard("two/1", generation: 7);
        await using FakeParticipant first = await FakeParticipant.ConnectAsync(_coordinator, left);
        await using FakeParticipant second = await FakeParticipant.ConnectAsync(_coordinator, right);
        TestClient client = await TestClient.HelloAsync(_coordinator);
        TransactionContext context = client.NewContext();
        await first.SendAsync(new ShardFrame.Enlist(context.Id, left, context));

        CommitResult result = await client.CommitAsync(context, TestCluster.Wrote(left, right));

        Assert.Equal(context.Id, result.Id);
        Assert.True(result.Outcome.IsCommitted, result.Outcome.ToString());
        Assert.Equal(new Generation(1), (await first.ExpectAsync<CoordinatorFrame.Prepare>(context.Id)).Generation);
        Assert.Equal(new Generation(7), (await second.ExpectAsync<CoordinatorFrame.Prepare>(context.Id)).Generation);
        Assert.Equal(result.Outcome, (await first.ExpectAsync<CoordinatorFrame.Ended>(context.Id)).Outcome);
        Assert.Equal(result.Outcome, (await second.ExpectAsync<CoordinatorFrame.Ended>(context.Id)).Outcome);
        Assert.Equal(result, await client.GetOutcomeAsync(context.Id));
    }

    [Fact]
    [Trait("Rule", "X9")]
    public async Task Commit_Answered_TimestampIsPastOnEveryClock()
    {
        ShardGeneration shard = TestCluster.Shard("wait/0");
        await using FakeParticipant participant = await FakeParticipant.ConnectAsync(_coordinator, shard, TestCluster.Shard("wait/1"));
        TestClient client = await TestClient.HelloAsync(_coordinator);

        CommitResult result = await client.CommitAsync(client.NewContext(), TestCluster.Wrote(shard, TestCluster.Shard("wait/1")));

        Assert.True(TestClient.Now > result.Outcome.CommitTimestamp.Plus(TestCluster.ClockBound));
    }

    [Fact]
    [Trait("Rule", "X8")]
    public async Task Commit_OneVotesNo_AbortsBothWithItsReason()
    {
        ShardGeneration willing = TestCluster.Shard("no/0");
        ShardGeneration unwilling = TestCluster.Shard("no/1");
        await using FakeParticipant first = await FakeParticipant.ConnectAsync(_coordinator, willing);
        await using FakeParticipant second = await FakeParticipant.ConnectAsync(
            _coordinator,
            (owner, frame) => frame is CoordinatorFrame.Prepare ? new ShardFrame.Voted(frame.Id, owner, Vote.No(AbortReason.Wounded)) : null,
            unwilling);
        TestClient client = await TestClient.HelloAsync(_coordinator);
        TransactionContext context = client.NewContext();

        CommitResult result = await client.CommitAsync(context, TestCluster.Wrote(willing, unwilling));

        Assert.Equal(Outcome.Aborted(AbortReason.Wounded), result.Outcome);
        Assert.Equal(result.Outcome, (await first.ExpectAsync<CoordinatorFrame.Ended>(context.Id)).Outcome);
    }

    [Fact]
    [Trait("Rule", "X11")]
    public async Task Commit_OneWriterNoKey_AsksItToCommitByItself()
    {
        ShardGeneration shard = TestCluster.Shard("single/0");
        await using FakeParticipant participant = await FakeParticipant.ConnectAsync(_coordinator, shard);
        TestClient client = await TestClient.HelloAsync(_coordinator);
        TransactionContext context = client.NewContext();

        CommitResult result = await client.CommitAsync(context, TestCluster.Wrote(shard));

        Assert.True(result.Outcome.IsCommitted, result.Outcome.ToString());
        CoordinatorFrame.CommitOnePhase asked = await participant.ExpectAsync<CoordinatorFrame.CommitOnePhase>(context.Id);
        Assert.Equal((true, 1), (asked.Wrote, asked.Operations));
        Assert.DoesNotContain(participant.Received, f => f is CoordinatorFrame.Prepare);
    }

    [Fact]
    [Trait("Rule", "X12")]
    public async Task Commit_NothingWritten_VotesAndRecordsNothing()
    {
        ShardGeneration shard = TestCluster.Shard("reads/0");
        await using FakeParticipant participant = await FakeParticipant.ConnectAsync(_coordinator, shard, TestCluster.Shard("reads/1"));
        TestClient client = await TestClient.HelloAsync(_coordinator);
        TransactionContext context = client.NewContext();

        CommitResult result = await client.CommitAsync(context, TestCluster.Read(shard, TestCluster.Shard("reads/1")));

        Assert.True(result.Outcome.IsCommitted, result.Outcome.ToString());
        Assert.False((await participant.ExpectAsync<CoordinatorFrame.Prepare>(context.Id)).Wrote);
    }

    [Fact]
    [Trait("Rule", "X6")]
    public async Task Commit_NoShards_CommitsAtOnce()
    {
        TestClient client = await TestClient.HelloAsync(_coordinator);

        CommitResult result = await client.CommitAsync(client.NewContext(), []);

        Assert.True(result.Outcome.IsCommitted, result.Outcome.ToString());
    }

    [Fact]
    [Trait("Rule", "D6")]
    public async Task Commit_KeyRepeatedByAnotherTransaction_AnswersTheFirstOne()
    {
        ShardGeneration shard = TestCluster.Shard("keys/0");
        await using FakeParticipant participant = await FakeParticipant.ConnectAsync(_coordinator, shard);
        TestClient client = await TestClient.HelloAsync(_coordinator);
        byte[] receipt = Encoding.UTF8.GetBytes("receipt 1");
        CommitResult first = await client.CommitAsync(client.NewContext(), TestCluster.Wrote(shard), "order-1", receipt);

        TransactionContext repeat = client.NewContext();
        CommitResult second = await client.CommitAsync(repeat, TestCluster.Wrote(shard), "order-1", Encoding.UTF8.GetBytes("receipt 2"));

        Assert.True(first.Outcome.IsCommitted, first.Outcome.ToString());
        Assert.Equal((first.Id, first.Outcome), (second.Id, second.Outcome));
        Assert.Equal(receipt, second.Result?.ToArray());
        Assert.False((await participant.ExpectAsync<CoordinatorFrame.Ended>(repeat.Id)).Outcome.IsCommitted);
    }

    [Fact]
    [Trait("Rule", "D6")]
    public async Task Commit_SameKeyOfAnotherClient_IsAnotherRequest()
    {
        TestClient shop = await TestClient.HelloAsync(_coordinator, "shop");
        TestClient bank = await TestClient.HelloAsync(_coordinator, "bank");

        CommitResult first = await shop.CommitAsync(shop.NewContext(), [], "same");
        CommitResult second = await bank.CommitAsync(bank.NewContext(), [], "same");

        Assert.True(second.Outcome.IsCommitted, second.Outcome.ToString());
        Assert.NotEqual(first.Id, second.Id);
    }

    [Fact]
    [Trait("Rule", "X6")]
    public async Task Commit_Repeated_IsAnsweredTheSame()
    {
        ShardGeneration shard = TestCluster.Shard("twice/0");
        await using FakeParticipant participant = await FakeParticipant.ConnectAsync(_coordinator, shard, TestCluster.Shard("twice/1"));
        TestClient client = await TestClient.HelloAsync(_coordinator);
        TransactionContext context = client.NewContext();
        CommitShard[] shards = TestCluster.Wrote(shard, TestCluster.Shard("twice/1"));

        CommitResult[] results = await Task.WhenAll(client.CommitAsync(context, shards), client.CommitAsync(context, shards));

        Assert.Equal(results[0], results[1]);
        Assert.Equal(results[0], await client.CommitAsync(context, shards));
    }

    [Fact]
    [Trait("Rule", "X1")]
    public async Task Begin_ByAClientWithoutLibrary_GivesAContextThatCommits()
    {
        V1.BeginReply begun = await _coordinator.Calls.BeginAsync(
            new() { Client = "grpcurl", Timeout = new() { Seconds = 5 } }, cancellationToken: TestContext.Current.CancellationToken);

        V1.EndedReply ended = await _coordinator.Calls.CommitAsync(
            new() { Context = begun.Context }, cancellationToken: TestContext.Current.CancellationToken);

        Assert.Equal(begun.Transaction.Id, ended.Transaction);
        Assert.Equal(V1.Outcome.EndOneofCase.CommittedAt, ended.Outcome.EndCase);
    }

    [Fact]
    [Trait("Rule", "X3")]
    public async Task Abort_Enlisted_TellsTheShardAndStaysAborted()
    {
        ShardGeneration shard = TestCluster.Shard("abort/0");
        await using FakeParticipant participant = await FakeParticipant.ConnectAsync(_coordinator, shard);
        TestClient client = await TestClient.HelloAsync(_coordinator);
        TransactionContext context = client.NewContext();
        await participant.SendAsync(new ShardFrame.Enlist(context.Id, shard, context));

        CommitResult aborted = await client.AbortAsync(context);

        Assert.Equal(Outcome.Aborted(AbortReason.ClientAborted), aborted.Outcome);
        Assert.Equal(aborted.Outcome, (await participant.ExpectAsync<CoordinatorFrame.Ended>(context.Id)).Outcome);
        Assert.Equal(aborted.Outcome, (await client.CommitAsync(context, TestCluster.Wrote(shard))).Outcome);
    }

    [Fact]
    [Trait("Rule", "X5")]
    [Trait("Rule", "7")]
    public async Task Deadline_PassesWhileOpen_TheShardIsToldAndCommitSaysTheSame()
    {
        ShardGeneration shard = TestCluster.Shard("deadline/0");
        await using FakeParticipant participant = await FakeParticipant.ConnectAsync(_coordinator, shard);
        TestClient client = await TestClient.HelloAsync(_coordinator);
        V1.BeginReply begun = await _coordinator.Calls.BeginAsync(
            new() { Client = "shop", Timeout = new() { Seconds = 1 } }, cancellationToken: TestContext.Current.CancellationToken);
        Assert.True(ContextMapping.TryRead(begun.Transaction, out TransactionContext? context, out _));
        await participant.SendAsync(new ShardFrame.Enlist(context.Id, shard, context));

        CoordinatorFrame.Ended told = await participant.ExpectAsync<CoordinatorFrame.Ended>(context.Id);
        CommitResult said = await client.CommitAsync(context, TestCluster.Wrote(shard));

        // Remembered until the deadline is past on every clock; then the log alone says, if this test was that slow.
        bool isRemembered = TestClient.Now < context.Deadline.Plus(TestCluster.Identity.Limits.MaxOffset);
        Assert.Equal(Outcome.Aborted(AbortReason.DeadlinePassed), told.Outcome);
        Assert.Equal(isRemembered || said.Outcome == told.Outcome ? told.Outcome : Outcome.Aborted(AbortReason.Resolved), said.Outcome);
    }

    [Fact]
    [Trait("Rule", "S1")]
    [Trait("Rule", "T4")]
    public async Task GetTimestamp_AfterACommit_LiesAboveIt()
    {
        TestClient client = await TestClient.HelloAsync(_coordinator);
        CommitResult committed = await client.CommitAsync(client.NewContext(), []);

        V1.GetTimestampReply given = await _coordinator.Calls.GetTimestampAsync(
            new(), cancellationToken: TestContext.Current.CancellationToken);

        Assert.True(new Timestamp(given.Timestamp) > committed.Outcome.CommitTimestamp);
        Assert.True(given.Earliest < given.Latest && given.Timestamp == given.Latest);
    }

    [Fact]
    [Trait("Rule", "X9")]
    public async Task Commit_CallerGivesUp_TheTransactionGoesOn()
    {
        ShardGeneration quick = TestCluster.Shard("late/0");
        ShardGeneration slow = TestCluster.Shard("late/1");
        await using FakeParticipant participant = await FakeParticipant.ConnectAsync(
            _coordinator, (owner, frame) => owner == slow && frame is CoordinatorFrame.Prepare ? null : FakeParticipant.Honest(owner, frame), quick, slow);
        TestClient client = await TestClient.HelloAsync(_coordinator);
        TransactionContext context = client.NewContext();

        Task<CommitResult> commit = client.CommitAsync(
            context, TestCluster.Wrote(quick, slow), deadline: TimeProvider.System.GetUtcNow().UtcDateTime.AddMilliseconds(300));
        CoordinatorFrame.Prepare asked = await participant.ExpectAsync<CoordinatorFrame.Prepare>(context.Id);
        var gaveUp = await Assert.ThrowsAsync<Grpc.Core.RpcException>(() => commit);
        await participant.SendAsync(new ShardFrame.Voted(
            context.Id, slow, Vote.Yes(asked.Floor, asked.Floor.Plus(Duration.FromSeconds(10)))));

        Assert.Equal(Grpc.Core.StatusCode.DeadlineExceeded, gaveUp.StatusCode);
        CommitResult result = await client.ResolveAsync(context, TestCluster.Wrote(quick, slow));
        Assert.True(result.Outcome.IsCommitted, result.Outcome.ToString());
    }
}
