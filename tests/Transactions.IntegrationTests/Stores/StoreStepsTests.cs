using System.Collections.Immutable;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Transactions.Clocks;
using Transactions.Hosting;
using Transactions.IntegrationTests.Coordinator;
using Transactions.Model;
using Transactions.Participant;
using Transactions.Participant.Server;
using Xunit;

namespace Transactions.IntegrationTests.Stores;

/// <summary>Section 7: a shard's steps are bounded by the round trip, not by how many they need.</summary>
public sealed class StoreStepsTests : IDisposable
{
    private static readonly TimeSpan s_answerTimeout = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan s_nearly = s_answerTimeout - TimeSpan.FromMilliseconds(1);
    private static readonly ShardRow s_row = new(new Generation(1), 0, "me", "http://me", default, default, default, default);

    private readonly FakeTimeProvider _time = new();
    private readonly TripStore _store = new();
    private readonly LogLines _log = new();
    private readonly Stop _stop = new();
    private readonly CancellationTokenSource _ending = new();
    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly StoreSteps _steps;

    public StoreStepsTests() => _steps = new StoreSteps(
        _store,
        new ShardOwner("me", "http://me"),
        s_answerTimeout,
        _time,
        _stop,
        new ShardObserver(_store.Shard, new ParticipantMetrics(_services.GetRequiredService<IMeterFactory>()), _log),
        _ending.Token);

    public static TheoryData<string> LongSteps => [nameof(ShardEffect.Prune), nameof(ShardEffect.TakeOver), nameof(ShardEffect.Reconcile)];

    [Theory]
    [MemberData(nameof(LongSteps))]
    public async Task RunAsync_EveryRoundTripInTime_GoesOnForAsManyAsThereAre(string step)
    {
        Task<ShardEvent> running = _steps.RunAsync(Effect(step));
        for (int trip = 0; trip < 5; trip++)
        {
            _time.Advance(s_nearly);
            _store.EndRoundTrip();
        }

        _time.Advance(s_nearly);
        _store.EndStep();

        Assert.Equal(
            step switch
            {
                nameof(ShardEffect.Prune) => new ShardEvent.Pruned(WriteResult.Committed),
                nameof(ShardEffect.TakeOver) => new ShardEvent.TakenOver(new TakeoverResult.Won(s_row)),
                _ => new ShardEvent.Reconciled(1, TripStore.Found),
            },
            await EndOf(running));
        Assert.Empty(_log.All);
    }

    [Theory]
    [MemberData(nameof(LongSteps))]
    public async Task RunAsync_RoundTripTooLate_IsGivenUpAndSendsNothingMore(string step)
    {
        Task<ShardEvent> running = _steps.RunAsync(Effect(step));
        _time.Advance(s_nearly);
        _store.EndRoundTrip();
        Assert.False(running.IsCompleted);

        _time.Advance(s_answerTimeout);

        switch (await EndOf(running))
        {
            case ShardEvent.Pruned pruned:
                Assert.Equal(WriteResult.Ambiguous, pruned.Result);
                break;
            case ShardEvent.TakenOver takenOver:
                Assert.IsType<TakeoverResult.Failed>(takenOver.Result);
                break;
            case ShardEvent reconciled:
                Assert.Null(Assert.IsType<ShardEvent.Reconciled>(reconciled).Result);
                break;
        }

        await Eventually.IsTrueAsync(() => Task.FromResult(_store.IsToldToEnd), () => "It isn't told to end.");
        Assert.False(_ending.IsCancellationRequested);
        Assert.Contains(_log.All, line => line.Id == 2005 && line.Text.Contains("no answer within", StringComparison.Ordinal));

        // What comes after all is dropped, and nobody minds.
        _store.EndRoundTrip();
        _store.EndStep();
        Assert.Null(_stop.Reason);
    }

    public void Dispose()
    {
        _services.Dispose();
        _ending.Dispose();
    }

    private static Task<ShardEvent> EndOf(Task<ShardEvent> running) =>
        running.WaitAsync(TimeSpan.FromSeconds(30), TimeProvider.System, TestContext.Current.CancellationToken);

    private static ShardEffect Effect(string step) => step switch
    {
        nameof(ShardEffect.Prune) => new ShardEffect.Prune(default, default, default),
        nameof(ShardEffect.TakeOver) => new ShardEffect.TakeOver(default, default, default),
        _ => new ShardEffect.Reconcile(1, default, 1, []),
    };

    private sealed class Stop : IProcessStop
    {
        public Exception? Reason { get; private set; }

        void IProcessStop.Stop(Exception reason) => Reason = reason;
    }

    // One step at a time, whose round trips end when the test says so.
    private sealed class TripStore : IShardStore
    {
        public static readonly ReconcileResult Found = new(1, [], ImmutableDictionary<TransactionId, Outcome>.Empty);

        private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private Action _onRoundTrip = static () => { };
        private CancellationToken _ending;

        public ShardId Shard { get; } = ShardId.Parse("solo/0");

        public bool IsToldToEnd => _ending.IsCancellationRequested;

        public void EndRoundTrip() => _onRoundTrip();

        public void EndStep() => _ended.TrySetResult();

        public Task<TakeoverResult> TakeOverAsync(
            ShardOwner self,
            Generation seen,
            Timestamp waitedOut,
            Timestamp leaseUntil,
            Action onRoundTrip,
            CancellationToken cancellationToken) =>
            RunAsync<TakeoverResult>(new TakeoverResult.Won(s_row), onRoundTrip, cancellationToken);

        public Task<ReconcileResult> ReconcileAsync(
            Generation generation,
            long epoch,
            ImmutableArray<TransactionId> doubtful,
            Action onRoundTrip,
            CancellationToken cancellationToken) =>
            RunAsync(Found, onRoundTrip, cancellationToken);

        public Task<WriteResult> PruneAsync(
            Fence fence, Timestamp historyHorizon, Timestamp outcomesMark, Action onRoundTrip, CancellationToken cancellationToken) =>
            RunAsync(WriteResult.Committed, onRoundTrip, cancellationToken);

        public Task<ShardRow> ReadShardRowAsync(CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<LoadedShard> LoadAsync(Generation generation, CancellationToken cancellationToken) =>
            throw new NotSupportedException();

        public Task<WriteResult> RenewAsync(
            Generation generation, Timestamp leaseUntil, Timestamp visibleUpto, CancellationToken cancellationToken) =>
            throw new NotSupportedException();

        public Task<WriteResult> HandBackAsync(Fence fence, Timestamp leaseUntil, CancellationToken cancellationToken) =>
            throw new NotSupportedException();

        public Task<PersistResult> PersistAsync(
            Fence fence, ImmutableArray<PersistItem> items, CancellationToken cancellationToken) =>
            throw new NotSupportedException();

        public Task<WriteResult> ApplyAsync(Fence fence, ImmutableArray<ApplyItem> items, CancellationToken cancellationToken) =>
            throw new NotSupportedException();

        public Task<ImmutableArray<VersionsReadResult>> ReadVersionsAsync(
            ImmutableArray<VersionQuery> queries, CancellationToken cancellationToken) =>
            throw new NotSupportedException();

        public Task<Outcome?> ReadOutcomeAsync(TransactionId id, CancellationToken cancellationToken) =>
            throw new NotSupportedException();

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;

        private async Task<T> RunAsync<T>(T result, Action onRoundTrip, CancellationToken cancellationToken)
        {
            (_onRoundTrip, _ending) = (onRoundTrip, cancellationToken);
            await _ended.Task;
            return result;
        }
    }
}
