using Grpc.Core;
using Transactions.Contracts;
using Transactions.IntegrationTests.Cluster;
using Transactions.IntegrationTests.Coordinator;
using Transactions.Model;
using Xunit;
using V1 = Transactions.Contracts.V1;

namespace Transactions.IntegrationTests.Stores;

/// <summary>Expects refusals to the last of their details (section 7), and that they change nothing.</summary>
internal static class Expected
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>A call is refused as expected; of the message only the words between "…" are compared.</summary>
    public static async Task RefusalAsync(Refusal expected, Func<Task> call) =>
        AssertSame(expected, await Refused.AsAsync(expected.Status, expected.Reason, call));

    /// <summary>A call is refused as expected sooner or later, and until then is answered or refused otherwise.</summary>
    public static async Task RefusalInTheEndAsync(Refusal expected, Func<Task> call)
    {
        Refusal? refusal = null;
        await Eventually.IsTrueAsync(
            async () =>
            {
                refusal = await Refused.OfAsync(call);
                return (refusal?.Status, refusal?.Reason) == (expected.Status, expected.Reason);
            },
            () => $"It isn't refused so, but {refusal}.");
        AssertSame(expected, refusal);
    }

    /// <summary>A refusal is as expected; of the message only the words between "…" are compared.</summary>
    public static void AssertSame(Refusal expected, Refusal? refusal)
    {
        Assert.NotNull(refusal);
        Assert.Equal(expected with { Message = refusal.Message }, refusal);
        Assert.All(expected.Message.Split('…'), words => Assert.Contains(words, refusal.Message, StringComparison.Ordinal));
    }

    /// <summary>A call is refused beside a transaction that writes a key; that one commits what it counted, and is all there is.</summary>
    public static async Task NothingChangedAsync(ClusterFixture fixture, string key, Refusal expected, Func<UnaryClient, Task> call)
    {
        await fixture.UntilServingAsync(Token);
        UnaryClient client = UnaryClient.In(fixture);
        await client.BeginAsync(Token);
        await client.PutAsync("orders", key, "1", Token);

        await RefusalAsync(expected, () => call(client));

        Assert.Equal(V1.Outcome.EndOneofCase.CommittedAt, (await client.CommitAsync(Token)).Outcome.EndCase);
        Assert.Equal("1", await UnaryClient.ReadAsync(fixture, "orders", key, at: null, Token));
    }
}
