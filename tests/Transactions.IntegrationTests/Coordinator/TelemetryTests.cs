using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using NodaTime;
using Transactions.Clocks;
using Transactions.IntegrationTests.Fixtures;
using Transactions.Model;
using Xunit;

namespace Transactions.IntegrationTests.Coordinator;

/// <summary>What a coordinator tells those who watch it.</summary>
public sealed class TelemetryTests(PostgresFixture postgres)
{
    private const string Source = "Transactions.Coordinator";

    [Fact]
    public async Task Transactions_OfEveryEnd_AreCountedAndMeasured()
    {
        ConcurrentBag<(string Name, double Value, string Tags)> measured = [];
        await using TestCoordinator coordinator = await TestCoordinator.ServeAsync(await postgres.NewDatabaseAsync("metrics"));
        using MeterListener listener = Listen(coordinator, measured);
        await using FakeParticipant participant = await FakeParticipant.ConnectAsync(
            coordinator, VoteAhead, TestCluster.Shard("metrics/0"), TestCluster.Shard("metrics/1"));
        TestClient client = await TestClient.HelloAsync(coordinator);
        TransactionContext aborted = client.NewContext();

        await coordinator.Calls.BeginAsync(new() { Client = "a" }, cancellationToken: TestContext.Current.CancellationToken);
        await client.CommitAsync(client.NewContext(), TestCluster.Wrote(TestCluster.Shard("metrics/0"), TestCluster.Shard("metrics/1")));
        await participant.SendAsync(new ShardFrame.Enlist(aborted.Id, TestCluster.Shard("metrics/0"), aborted));
        await participant.SendAsync(new ShardFrame.Dropped(aborted.Id, TestCluster.Shard("metrics/0"), AbortReason.Wounded));
        await participant.ExpectAsync<CoordinatorFrame.Ended>(aborted.Id);
        await Refused.FieldAsync("context", async () => await coordinator.Calls.CommitAsync(new()));
        listener.RecordObservableInstruments();

        Assert.Contains(measured, m => m.Name == "transactions.coordinator.begun");
        Assert.Contains(measured, m => m is { Name: "transactions.coordinator.ended", Tags: "transactions.outcome=committed" });
        Assert.Contains(measured, m => m.Name == "transactions.coordinator.ended" && m.Tags.EndsWith("=Wounded", StringComparison.Ordinal));
        Assert.Contains(measured, m => m is { Name: "transactions.coordinator.commit.duration", Value: > 0 });
        Assert.Contains(measured, m => m is { Name: "transactions.coordinator.commit_wait.duration", Value: >= 0 });
        Assert.Contains(measured, m => m is { Name: "transactions.coordinator.record.batch_size", Value: >= 1 });
        Assert.Contains(measured, m => m.Name == "transactions.coordinator.record.duration" && m.Tags.EndsWith("=Committed", StringComparison.Ordinal));
        Assert.Contains(measured, m => m.Name == "transactions.coordinator.refused" && m.Tags.Contains("InvalidField", StringComparison.Ordinal));
        Assert.Contains(measured, m => m is { Name: "transactions.coordinator.open", Value: 1 });
        Assert.Contains(measured, m => m is { Name: "transactions.coordinator.clock.uncertainty", Value: >= 0.001 and < 0.0011 });
        Assert.Contains(measured, m => m is { Name: "transactions.coordinator.clock.healthy", Value: 1 });
        Assert.Contains(measured, m => m is { Name: "transactions.coordinator.log.reachable", Value: 1 });
    }

    // A clock a little ahead: there is a commit-wait to measure, however slow this machine is.
    private static ShardFrame? VoteAhead(ShardGeneration owner, CoordinatorFrame frame) =>
        frame is CoordinatorFrame.Prepare { Floor: Timestamp floor } prepare
            ? new ShardFrame.Voted(
                prepare.Id, owner, Vote.Yes(floor.Plus(Duration.FromMilliseconds(200)), floor.Plus(Duration.FromSeconds(10))))
            : FakeParticipant.Honest(owner, frame);

    [Fact]
    public async Task Commit_Watched_IsAnActivityWithItsOutcome()
    {
        ConcurrentBag<Activity> seen = [];
        using ActivityListener listener = new()
        {
            ShouldListenTo = source => source.Name == Source,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStopped = seen.Add,
        };
        ActivitySource.AddActivityListener(listener);
        await using TestCoordinator coordinator = await TestCoordinator.ServeAsync(await postgres.NewDatabaseAsync("activities"));
        TestClient client = await TestClient.HelloAsync(coordinator);
        TransactionContext context = client.NewContext();

        await client.CommitAsync(context, [], "key");

        await Eventually.IsTrueAsync(
            () => Task.FromResult(seen.Any(a => a.OperationName == "coordinator.commit" && IsOf(a, context))), () => "No activity was seen.");
        Assert.Contains(seen, a => a.OperationName == "coordinator.record");
    }

    private static bool IsOf(Activity activity, TransactionContext context) =>
        activity.GetTagItem("transactions.id") as string == context.Id.ToString()
        && activity.GetTagItem("transactions.outcome") is string outcome
        && outcome.StartsWith("committed", StringComparison.Ordinal);

    private static MeterListener Listen(TestCoordinator coordinator, ConcurrentBag<(string Name, double Value, string Tags)> measured)
    {
        MeterListener listener = new();
        listener.InstrumentPublished = (instrument, l) =>
        {
            // Those of other coordinators in this process tell what other tests do to them.
            if (instrument.Meter.Name == Source && ReferenceEquals(instrument.Meter.Scope, coordinator.Meters))
            {
                l.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<int>((i, value, tags, _) => measured.Add((i.Name, value, Text(tags))));
        listener.SetMeasurementEventCallback<long>((i, value, tags, _) => measured.Add((i.Name, value, Text(tags))));
        listener.SetMeasurementEventCallback<double>((i, value, tags, _) => measured.Add((i.Name, value, Text(tags))));
        listener.Start();
        return listener;
    }

    private static string Text(ReadOnlySpan<KeyValuePair<string, object?>> tags) =>
        string.Join(',', tags.ToArray().Select(t => $"{t.Key}={t.Value}"));
}
