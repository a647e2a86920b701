using Transactions.Contracts.V1;
using Xunit;

namespace Transactions.IntegrationTests.Cluster;

/// <summary>The whole way through, for a client without our library, over real processes and PostgreSQL.</summary>
public sealed class UnaryClientTests(ClusterFixture fixture) : IClassFixture<ClusterFixture>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    [Trait("Rule", "X8")]
    [Trait("Rule", "X10")]
    public async Task Commit_OfTwoShards_IsVisibleAtItsTimestampAndNotBefore()
    {
        UnaryClient client = UnaryClient.In(fixture);
        await client.BeginAsync(Token);
        await client.PutAsync("orders", "two-1", """{"n":1}""", Token);
        await client.PutAsync("payments", "two-1", """{"n":2}""", Token);
        Assert.Equal("""{"n":1}""", await client.GetAsync("orders", "two-1", Token));

        EndedReply ended = await client.CommitAsync(Token);

        Assert.Equal(Outcome.EndOneofCase.CommittedAt, ended.Outcome.EndCase);
        long at = ended.Outcome.CommittedAt;
        Assert.Equal("""{"n":1}""", await UnaryClient.ReadAsync(fixture, "orders", "two-1", at, Token));
        Assert.Equal("""{"n":2}""", await UnaryClient.ReadAsync(fixture, "payments", "two-1", at, Token));
        Assert.Null(await UnaryClient.ReadAsync(fixture, "orders", "two-1", at - 1, Token));
        Assert.Null(await UnaryClient.ReadAsync(fixture, "payments", "two-1", at - 1, Token));
    }

    [Fact]
    [Trait("Rule", "X11")]
    public async Task Commit_OfOneShard_IsVisibleToAStrongRead()
    {
        UnaryClient client = UnaryClient.In(fixture);
        await client.BeginAsync(Token);
        await client.PutAsync("orders", "one-1", """{"n":1}""", Token);

        EndedReply ended = await client.CommitAsync(Token);

        Assert.Equal(Outcome.EndOneofCase.CommittedAt, ended.Outcome.EndCase);
        Assert.Equal("""{"n":1}""", await UnaryClient.ReadAsync(fixture, "orders", "one-1", at: null, Token));
    }

    [Fact]
    [Trait("Rule", "X6")]
    public async Task Abort_OfTwoShards_LeavesNothing()
    {
        UnaryClient client = UnaryClient.In(fixture);
        await client.BeginAsync(Token);
        await client.PutAsync("orders", "gone-1", """{"n":1}""", Token);
        await client.PutAsync("payments", "gone-1", """{"n":2}""", Token);

        EndedReply ended = await fixture.Coordinator().AbortAsync(new AbortRequest { Context = client.Begun.Context }, cancellationToken: Token);

        Assert.Equal(AbortReason.ClientAborted, ended.Outcome.Aborted);
        Assert.Null(await UnaryClient.ReadAsync(fixture, "orders", "gone-1", at: null, Token));
        Assert.Null(await UnaryClient.ReadAsync(fixture, "payments", "gone-1", at: null, Token));
    }
}
