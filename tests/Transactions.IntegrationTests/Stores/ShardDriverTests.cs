using System.Collections.Immutable;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Transactions.Clocks;
using Transactions.Hosting;
using Transactions.IntegrationTests.Coordinator;
using Transactions.Model;
using Transactions.Participant;
using Transactions.Participant.Server;
using Transactions.TestKit.Storage;
using Xunit;

namespace Transactions.IntegrationTests.Stores;

/// <summary>A shard's driver over a store that is slow, silent, or closed.</summary>
public sealed class ShardDriverTests : IAsyncDisposable
{
    private static readonly ShardId s_shard = ShardId.Parse("solo/0");

    private readonly FakeShardDatabase _database = new();
    private readonly HoldingStore _store;
    private readonly LogLines _log = new();
    private readonly Stop _stop = new();
    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();

    public ShardDriverTests() => _store = new HoldingStore(new FakeShardStore(s_shard, _database));

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    [Trait("Rule", "L3")]
    public async Task Load_NeverAnswered_IsAskedAgain()
    {
        _store.Hold(nameof(IShardStore.LoadAsync));
        await using ShardDriver driver = Start(answerTimeout: TimeSpan.FromMilliseconds(100));

        await UntilAsync(() => driver.Phase == OwnershipPhase.Serving);

        Assert.Contains(_log.All, line => line.Id == 2005 && line.Text.Contains("no answer within", StringComparison.Ordinal));
        Assert.Null(_stop.Reason);
    }

    [Fact]
    [Trait("Rule", "L6")]
    public async Task Renew_NeverAnswered_IsAskedAgainAndAShardLostMeanwhileIsRegained()
    {
        await using ShardDriver driver = Start(answerTimeout: TimeSpan.FromMilliseconds(100));
        await UntilAsync(() => driver.Phase == OwnershipPhase.Serving);
        _store.Hold(nameof(IShardStore.RenewAsync));
        await UntilAsync(() => _store.Held == 1);

        // Another process takes the shard over for a moment.
        ShardRow row = _database.ReadShardRow()!;
        Assert.IsType<TakeoverResult.Won>(_database.TakeOver(
            "other", "http://other", row.Generation, row.LeaseUntil, new Timestamp(row.LeaseUntil.Value + 1), StorageFault.None));

        await UntilAsync(() => driver.Owned?.Generation == new Generation(3));
        Assert.Equal(OwnershipPhase.Serving, driver.Phase);
        Assert.Null(_stop.Reason);
    }

    [Fact]
    [Trait("Rule", "L6")]
    public async Task Persist_NeverAnswered_IsInDoubtAndLookedFor()
    {
        await using ShardDriver driver = Start(answerTimeout: TimeSpan.FromMilliseconds(100));
        await UntilAsync(() => driver.Phase == OwnershipPhase.Serving);
        long epoch = _database.ReadShardRow()!.Epoch;
        _store.Hold(nameof(IShardStore.PersistAsync));
        TransactionContext transaction = Transaction();

        Assert.IsType<ShardAnswer.Admitted>(await driver.CallAsync(
            call => new ShardEvent.OperationReceived(
                call, transaction, new OperationNumber(1, 1), new Operation.Put(new RecordKey("t", "a"), Document.FromText("1"))),
            Token));
        await driver.PostFrameAsync(
            new ShardEvent.FrameReceived(transaction.Coordinator, new CoordinatorFrame.Prepare(
                transaction.Id, driver.Owned!.Value.Generation, Timestamp.Zero, Wrote: true, Operations: 1)),
            Token);

        await UntilAsync(() => _links.Sent.OfType<ShardFrame.Voted>().Any(voted => voted.Vote.IsYes));
        Assert.True(_database.ReadShardRow()!.Epoch > epoch);
        Assert.Contains(_log.All, line => line.Id == 2004 && line.Text.Contains("no answer within", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(nameof(IShardStore.PruneAsync))]
    [InlineData(nameof(IShardStore.RenewAsync))]
    public async Task DisposeAsync_StepUnderWay_ClosesTheStoreOnlyAfterIt(string step)
    {
        _store.Hold(step);
        ShardDriver driver = Start(answerTimeout: TimeSpan.FromMinutes(1));
        await UntilAsync(() => _store.Held == 1);

        Task disposing = driver.DisposeAsync().AsTask();
        await UntilAsync(() => _store.IsToldToEnd);
        Assert.False(disposing.IsCompleted);
        Assert.False(_store.IsDisposed);
        _store.Release();

        await disposing;
        Assert.True(_store.IsDisposed);
        Assert.Null(_stop.Reason);
    }

    [Theory]
    [InlineData(nameof(IShardStore.PruneAsync))]
    [InlineData(nameof(IShardStore.RenewAsync))]
    public async Task DisposeAsync_StepThatNeverEnds_IsWaitedForNoLongerThanStoppingMayTake(string step)
    {
        _store.Hold(step);
        ShardDriver driver = Start(answerTimeout: TimeSpan.FromMinutes(10), stopTimeout: TimeSpan.FromMilliseconds(300));
        await UntilAsync(() => _store.Held == 1);

        await driver.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(30), TimeProvider.System, Token);

        // What then fails fails because it is closed.
        Assert.True(_store.IsDisposed);
        _store.Release();
        Assert.Null(_stop.Reason);
    }

    [Fact]
    public async Task DisposeAsync_ReadThatNeverEnds_IsNotWaitedFor()
    {
        ShardDriver driver = Start(answerTimeout: TimeSpan.FromMinutes(10));
        await UntilAsync(() => driver.Phase == OwnershipPhase.Serving);
        _store.Hold(nameof(IShardStore.ReadVersionsAsync));
        Task<ShardAnswer> reading = Read(driver);
        await UntilAsync(() => _store.Held == 1);

        await driver.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(30), TimeProvider.System, Token);

        Assert.IsType<ShardAnswer.Refused>(await reading);
        Assert.Null(_stop.Reason);
    }

    [Fact]
    public async Task CallAsync_QueueFull_IsRefusedWithItsLimit()
    {
        ShardDriver driver = Make(answerTimeout: TimeSpan.FromMinutes(1), maxQueuedRequests: 2);
        Task<ShardAnswer>[] waiting = [.. Enumerable.Range(0, 2).Select(_ => Read(driver))];

        ShardAnswer.Refused refused = Assert.IsType<ShardAnswer.Refused>(await Read(driver));
        Assert.Equal(
            (RefusalStatus.ResourceExhausted, RefusalReason.LimitReached, "requests"),
            (refused.Refusal.Status, refused.Refusal.Reason, refused.Refusal.Field));
        Assert.Contains("2 requests", refused.Refusal.Message, StringComparison.Ordinal);
        using CancellationTokenSource giveUp = new();
        Task<Task<ShardAnswer>> started = driver.StartCallAsync(ToRead, giveUp.Token);
        Assert.False(started.IsCompleted);
        await giveUp.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => started);

        // There is no shard yet to read from, but everybody is answered.
        driver.Start();
        Assert.All(await Task.WhenAll(waiting), answer => Assert.IsType<ShardAnswer.Refused>(answer));
        await driver.DisposeAsync();
    }

    [Fact]
    public async Task PostFrameAsync_RequestsQueueFull_FindsRoomOfItsOwnUntilThatIsFull()
    {
        ShardDriver driver = Make(answerTimeout: TimeSpan.FromMinutes(1), maxQueuedRequests: 1, maxUnhandledFrames: 2);
        Task<ShardAnswer> waiting = Read(driver);
        using CancellationTokenSource giveUp = new();
        Task<Task<ShardAnswer>> held = driver.StartCallAsync(ToRead, giveUp.Token);
        Assert.False(held.IsCompleted);

        Assert.True(driver.PostFrameAsync(Frame(), Token).AsTask().IsCompletedSuccessfully);
        Assert.True(driver.PostFrameAsync(Frame(), Token).AsTask().IsCompletedSuccessfully);
        Task given = driver.PostFrameAsync(Frame(), giveUp.Token).AsTask();
        Task third = driver.PostFrameAsync(Frame(), Token).AsTask();
        Assert.False(third.IsCompleted);
        await giveUp.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => given);

        driver.Start();
        await third;
        Assert.IsType<ShardAnswer.Refused>(await waiting);
        await driver.DisposeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        _store.Release();
        await _services.DisposeAsync();
    }

    private readonly Links _links = new();

    private ShardDriver Start(TimeSpan answerTimeout, TimeSpan? stopTimeout = null)
    {
        ShardDriver driver = Make(answerTimeout, maxQueuedRequests: 1_000, stopTimeout: stopTimeout);
        driver.Start();
        return driver;
    }

    private ShardDriver Make(
        TimeSpan answerTimeout, int maxQueuedRequests, int maxUnhandledFrames = 1_000, TimeSpan? stopTimeout = null) => new(
        new ShardMachine(s_shard, "me", TestCluster.Identity.Limits, new ShardOptions
        {
            LeaseDuration = NodaTime.Duration.FromMilliseconds(600),
            RenewInterval = NodaTime.Duration.FromMilliseconds(100),
            RetryInterval = NodaTime.Duration.FromMilliseconds(20),
        }),
        _store,
        new ShardOwner("me", "http://me"),
        _links,
        new FixedBoundClock(TimeProvider.System, TestCluster.ClockBound),
        TimeProvider.System,
        _stop,
        new ShardObserver(s_shard, new ParticipantMetrics(_services.GetRequiredService<IMeterFactory>()), _log),
        maxQueuedRequests,
        maxUnhandledFrames,
        answerTimeout,
        stopTimeout ?? TimeSpan.FromMinutes(1));

    private static ShardEvent.FrameReceived Frame()
    {
        TransactionContext transaction = Transaction();
        return new ShardEvent.FrameReceived(transaction.Coordinator, new CoordinatorFrame.Prepare(
            transaction.Id, new Generation(1), Timestamp.Zero, Wrote: true, Operations: 1));
    }

    private static Task<ShardAnswer> Read(ShardDriver driver) => driver.CallAsync(ToRead, Token);

    private static ShardEvent ToRead(CallId call) => new ShardEvent.SnapshotReadReceived(call, null, new SnapshotQuery.Get("t", ["a"]));

    private static TransactionContext Transaction()
    {
        Timestamp now = new FixedBoundClock(TimeProvider.System, TestCluster.ClockBound).Read().Now;
        return new TransactionContext(
            TransactionId.Create(now),
            now,
            now.Plus(NodaTime.Duration.FromSeconds(30)),
            new CoordinatorId("c1", new Incarnation(1)),
            "client");
    }

    private static Task UntilAsync(Func<bool> condition) =>
        Eventually.IsTrueAsync(() => Task.FromResult(condition()), () => "It doesn't happen.");

    private sealed class Stop : IProcessStop
    {
        public Exception? Reason { get; private set; }

        void IProcessStop.Stop(Exception reason) => Reason = reason;
    }

    private sealed class Links : ICoordinatorLinks
    {
        public System.Collections.Concurrent.ConcurrentQueue<ShardFrame> Sent { get; } = new();

        public void Send(CoordinatorId to, ShardFrame frame) => Sent.Enqueue(frame);

        public void Own(ShardDriver shard, ShardGeneration owner)
        {
        }

        public void Disown(ShardGeneration owner)
        {
        }
    }

    // Holds up the next step of one kind; what is held does nothing, and fails where it goes on after the store was closed.
    private sealed class HoldingStore(FakeShardStore inner) : IShardStore
    {
        private readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private volatile string? _held;
        private int _count;
        private CancellationToken _ending;

        public int Held => Volatile.Read(ref _count);

        public bool IsDisposed { get; private set; }

        public bool IsToldToEnd => _ending.IsCancellationRequested;

        public ShardId Shard => inner.Shard;

        public void Hold(string step) => _held = step;

        public void Release() => _released.TrySetResult();

        public Task<ShardRow> ReadShardRowAsync(CancellationToken cancellationToken) => inner.ReadShardRowAsync(cancellationToken);

        public Task<TakeoverResult> TakeOverAsync(
            ShardOwner self,
            Generation seen,
            Timestamp waitedOut,
            Timestamp leaseUntil,
            Action onRoundTrip,
            CancellationToken cancellationToken) =>
            inner.TakeOverAsync(self, seen, waitedOut, leaseUntil, onRoundTrip, cancellationToken);

        public async Task<LoadedShard> LoadAsync(Generation generation, CancellationToken cancellationToken)
        {
            await PassAsync(nameof(LoadAsync), cancellationToken);
            return await inner.LoadAsync(generation, cancellationToken);
        }

        public async Task<WriteResult> RenewAsync(
            Generation generation, Timestamp leaseUntil, Timestamp visibleUpto, CancellationToken cancellationToken)
        {
            await PassAsync(nameof(RenewAsync), cancellationToken);
            return await inner.RenewAsync(generation, leaseUntil, visibleUpto, cancellationToken);
        }

        public Task<WriteResult> HandBackAsync(Fence fence, Timestamp leaseUntil, CancellationToken cancellationToken) =>
            inner.HandBackAsync(fence, leaseUntil, cancellationToken);

        public async Task<PersistResult> PersistAsync(
            Fence fence, ImmutableArray<PersistItem> items, CancellationToken cancellationToken)
        {
            await PassAsync(nameof(PersistAsync), cancellationToken);
            return await inner.PersistAsync(fence, items, cancellationToken);
        }

        public Task<WriteResult> ApplyAsync(Fence fence, ImmutableArray<ApplyItem> items, CancellationToken cancellationToken) =>
            inner.ApplyAsync(fence, items, cancellationToken);

        public Task<ReconcileResult> ReconcileAsync(
            Generation generation,
        long epoch,
        ImmutableArray<TransactionId> doubtful,
        Action onRoundTrip,
        CancellationToken cancellationToken) =>
            inner.ReconcileAsync(generation, epoch, doubtful, onRoundTrip, cancellationToken);

        public async Task<ImmutableArray<VersionsReadResult>> ReadVersionsAsync(
            ImmutableArray<VersionQuery> queries, CancellationToken cancellationToken)
        {
            await PassAsync(nameof(ReadVersionsAsync), cancellationToken);
            return await inner.ReadVersionsAsync(queries, cancellationToken);
        }

        public Task<Outcome?> ReadOutcomeAsync(TransactionId id, CancellationToken cancellationToken) =>
            inner.ReadOutcomeAsync(id, cancellationToken);

        public async Task<WriteResult> PruneAsync(
            Fence fence, Timestamp historyHorizon, Timestamp outcomesMark, Action onRoundTrip, CancellationToken cancellationToken)
        {
            await PassAsync(nameof(PruneAsync), cancellationToken);
            return await inner.PruneAsync(fence, historyHorizon, outcomesMark, onRoundTrip, cancellationToken);
        }

        public ValueTask DisposeAsync()
        {
            IsDisposed = true;
            return inner.DisposeAsync();
        }

        private async Task PassAsync(string step, CancellationToken cancellationToken)
        {
            if (Interlocked.CompareExchange(ref _held, null, step) == step)
            {
                _ending = cancellationToken;
                Interlocked.Increment(ref _count);
                await _released.Task;
            }

            ObjectDisposedException.ThrowIf(IsDisposed, this);
        }
    }
}
