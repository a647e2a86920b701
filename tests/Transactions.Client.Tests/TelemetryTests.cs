using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using Transactions.Model;
using Xunit;

namespace Transactions.Client.Tests;

public sealed class TelemetryTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task RunAsync_WithARetry_HasASpanForEachAttemptAndCommit()
    {
        await using World world = await World.StartAsync();
        world.Home.Verdicts.Enqueue(Outcome.Aborted(AbortReason.Wounded));
        using Activity outer = new("test");
        ConcurrentQueue<Activity> ended = new();
        using ActivityListener listener = new()
        {
            ShouldListenTo = source => source.Name == "Transactions.Client",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStopped = activity =>
            {
                if (activity.TraceId == outer.TraceId)
                {
                    ended.Enqueue(activity);
                }
            },
        };
        ActivitySource.AddActivityListener(listener);
        outer.Start();

        CommitReceipt receipt = await world.Client.RunAsync(_ => Task.CompletedTask, cancellationToken: Token);

        Assert.Equal(
            ["transaction.commit", "transaction.attempt", "transaction.commit", "transaction.attempt", "transaction"],
            ended.Select(a => a.OperationName));
        Activity last = ended.Last();
        Assert.Equal("committed", last.GetTagItem("transaction.outcome"));
        Assert.Contains(ended, a => Equals(a.GetTagItem("transaction.id"), receipt.TransactionId.ToString()));
    }

    [Fact]
    public async Task RunAsync_EachEnd_IsCounted()
    {
        ConcurrentQueue<string?> outcomes = new();
        using MeterListener listener = new()
        {
            InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Name == "transactions.client.ended")
                {
                    listener.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<long>((_, _, tags, _) => outcomes.Enqueue(tags[0].Value?.ToString()));
        listener.Start();
        await using World world = await World.StartAsync();
        RunOptions once = new() { IdempotencyKey = "once" };
        await world.Client.RunAsync(_ => Task.CompletedTask, once, Token);
        await world.Client.RunAsync(_ => Task.CompletedTask, once, Token);
        world.Home.Verdicts.Enqueue(Outcome.Aborted(AbortReason.StorageRefused));
        await Assert.ThrowsAsync<TransactionAbortedException>(() => world.Client.RunAsync(_ => Task.CompletedTask, null, Token));

        foreach (string expected in new[] { "committed", "replayed", "aborted" })
        {
            Assert.Contains(expected, outcomes);
        }
    }
}
