using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using NodaTime;
using Transactions.Clocks;
using Transactions.Model;

namespace Transactions.Client;

/// <summary>Runs transactions and snapshots over the services of an application.</summary>
/// <remarks>
/// One for a process: it holds connections, and says Hello to coordinators when it first needs them. Thread-safe. Disposing ends
/// its connections; transactions still running are aborted by their coordinators.
/// </remarks>
public sealed class TransactionClient : IAsyncDisposable
{
    private readonly TransactionClientOptions _options;
    private readonly CoordinatorDirectory _coordinators;
    private readonly Heartbeats _heartbeats;
    private readonly ClientTelemetry _telemetry;
    private readonly TransactionBeginning _beginning;
    private readonly TransactionRunner _runner;
    private readonly Outcomes _outcomes;
    private readonly SnapshotTimes _snapshotTimes;
    private readonly StoreLinks _links;
    private readonly ShardDirectory _directory;
    private readonly ShardAccess _shards;
    private int _isDisposed;

    /// <summary>Makes a client. Nothing is connected yet.</summary>
    /// <param name="options">What it is configured with; not to be changed any more.</param>
    /// <param name="loggers">Makes its logger; null logs nothing.</param>
    /// <param name="timeProvider">This machine's time; null takes the system's.</param>
    /// <param name="localShards">Shards that this process owns, which are asked without a network.</param>
    /// <exception cref="ArgumentException">The options have faults; the message names each with its remedy.</exception>
    public TransactionClient(
        TransactionClientOptions options,
        ILoggerFactory? loggers = null,
        TimeProvider? timeProvider = null,
        IEnumerable<ILocalShards>? localShards = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        IReadOnlyList<string> faults = options.FindFaults();
        if (faults.Count > 0)
        {
            throw new ArgumentException(string.Join(' ', faults), nameof(options));
        }

        _options = options;
        ILogger logger = (loggers ?? NullLoggerFactory.Instance).CreateLogger(ClientTelemetry.Name);
        ClientClock clock = new(timeProvider ?? TimeProvider.System);
        _coordinators = new(options, clock, logger);
        _heartbeats = new(options, clock, logger);
        _telemetry = new(() => _heartbeats.Open);
        TransactionEnding ending = new(options, _coordinators, _heartbeats, clock, _telemetry, logger);
        _beginning = new(options, _coordinators, ending, clock);
        _outcomes = new(options, _coordinators);
        _runner = new(options, _beginning, _outcomes, clock, _telemetry, logger);
        _snapshotTimes = new(options, _coordinators, clock);
        _links = new(options, clock, logger);
        _directory = new(options, _coordinators, clock, logger);
        _coordinators.OwnersLearned += _directory.Learn;
        _links.OwnersLearned += _directory.Learn;
        _shards = new([.. localShards ?? []], _directory, _links, _telemetry);
    }

    /// <summary>The client's id, to which idempotency keys are scoped.</summary>
    public string ClientId => _options.ClientId;

    /// <summary>Runs a body in a transaction and commits what it did; conflicts run it again, until the deadline.</summary>
    /// <remarks>
    /// <para>The body runs with <see cref="Transaction.Current"/> set, and perhaps several times: it should do nothing that can't be
    /// repeated except through stores and calls that carry the transaction. Every attempt is a new transaction with the priority of
    /// the first (X4), so that it grows old and gets its turn.</para>
    /// <para>An exception out of the body aborts the transaction. It is thrown on, unchanged, unless the transaction was lost for a
    /// reason that another run may mend (a doom or a refusal that says so): then the body runs again. When there is no time or no
    /// attempt left, <see cref="TransactionAbortedException"/> is thrown with the body's exception inside.</para>
    /// <para>Under an idempotency key the result is stored as JSON with the decision. A run whose key has committed before returns
    /// that result without running the body; of two at once, the second gets the first one's result and its own writes are aborted
    /// (D6).</para>
    /// </remarks>
    /// <param name="body">What to do; every call that it makes is to be awaited before it returns.</param>
    /// <param name="options">The run's own settings; null takes the client's.</param>
    /// <param name="cancellationToken">Stops the run: aborts it before its Commit is sent, only stops the waiting after.</param>
    /// <returns>It is committed, and its commit timestamp past.</returns>
    /// <exception cref="TransactionAbortedException">It is aborted.</exception>
    /// <exception cref="TransactionRefusedException">It was refused: it isn't committed and never will be.</exception>
    /// <exception cref="TransactionInDoubtException">Its Commit was sent and the waiting ended: it may commit, or not.</exception>
    /// <exception cref="ClientClockException">This machine's clock is off; nothing was begun.</exception>
    /// <exception cref="InvalidOperationException">
    /// It is called inside of a transaction, or the body left calls in flight: it is aborted.
    /// </exception>
    /// <exception cref="OperationCanceledException">The token fired before its Commit was sent: it is aborted.</exception>
    public Task<RunResult<T>> RunAsync<T>(
        Func<Transaction, Task<T>> body, RunOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(body);
        return _runner.RunAsync(body, options ?? new RunOptions(), storesResult: true, cancellationToken);
    }

    /// <inheritdoc cref="RunAsync{T}"/>
    public async Task<CommitReceipt> RunAsync(
        Func<Transaction, Task> body, RunOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(body);
        RunResult<bool> result = await _runner.RunAsync(
            async transaction =>
            {
                await body(transaction);
                return true;
            },
            options ?? new RunOptions(),
            storesResult: false,
            cancellationToken);
        return result.Receipt;
    }

    /// <summary>Begins a transaction that the caller ends.</summary>
    /// <remarks>
    /// It isn't <see cref="Transaction.Current"/> by itself: see <see cref="Transaction.Use"/>. No round trip is needed once a
    /// coordinator has said Hello.
    /// </remarks>
    /// <param name="timeout">How long it may run, at most the cluster's longest lifetime; null takes the default.</param>
    /// <param name="cancellationToken">Stops the beginning, and afterwards the transaction's work, until it is committed.</param>
    /// <exception cref="TransactionRefusedException">No coordinator could be used; nothing was begun.</exception>
    /// <exception cref="ClientClockException">This machine's clock is off; nothing was begun.</exception>
    public Task<RootTransaction> BeginAsync(Duration? timeout = null, CancellationToken cancellationToken = default)
    {
        Duration time = timeout ?? Duration.FromTimeSpan(_options.DefaultTimeout);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(time, Duration.Zero, nameof(timeout));
        return _beginning.BeginAsync(priority: null, _beginning.DeadlineAfter(time), cancellationToken);
    }

    /// <summary>Asks how a transaction ended, without ending it.</summary>
    /// <returns>Null: nothing is decided yet, or nothing is known, which proves nothing.</returns>
    /// <exception cref="TransactionRefusedException">No coordinator answered.</exception>
    public async Task<Outcome?> GetOutcomeAsync(TransactionId id, CancellationToken cancellationToken = default) =>
        (await _outcomes.FindAsync(id, cancellationToken))?.Outcome;

    /// <summary>Asks how the transaction under an idempotency key of this client ended, without ending it.</summary>
    /// <returns>Null: nothing is decided yet, or nothing is known, which proves nothing.</returns>
    /// <exception cref="TransactionRefusedException">No coordinator answered.</exception>
    public Task<CommitResult?> GetOutcomeAsync(string idempotencyKey, CancellationToken cancellationToken = default) =>
        _outcomes.FindAsync(idempotencyKey, cancellationToken);

    /// <summary>Opens a read-only view of all shards as they were at one moment (S1). It takes no locks and needs no end.</summary>
    /// <param name="options">Which moment; null reads strongly.</param>
    /// <param name="cancellationToken">Stops the waiting.</param>
    /// <exception cref="TransactionRefusedException">A coordinator was needed, and none answered.</exception>
    public async Task<Snapshot> SnapshotAsync(SnapshotOptions? options = null, CancellationToken cancellationToken = default)
    {
        Timestamp at = await _snapshotTimes.ChooseAsync(options ?? SnapshotOptions.Strong, cancellationToken);
        return new(at, Store);
    }

    /// <summary>A service's data, in whatever the calling code runs in: a transaction, a snapshot, or neither.</summary>
    /// <param name="service">The service's name, as in its shards' ids.</param>
    /// <exception cref="FormatException">It is no service name.</exception>
    public IStore Store(string service) => MakeStore(service, StoreScope.Ambient);

    /// <summary>A service's data in a transaction, wherever it is used.</summary>
    /// <inheritdoc cref="Store(string)"/>
    public IStore Store(string service, Transaction transaction)
    {
        ArgumentNullException.ThrowIfNull(transaction);
        return MakeStore(service, StoreScope.In(transaction));
    }

    /// <summary>A service's data in a snapshot, wherever it is used.</summary>
    /// <inheritdoc cref="Store(string)"/>
    public IStore Store(string service, Snapshot snapshot)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        return MakeStore(service, StoreScope.In(snapshot));
    }

    /// <summary>Ends the connections. Doing so twice does nothing more.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) != 0)
        {
            return;
        }

        await _heartbeats.DisposeAsync();
        await _links.DisposeAsync();
        _directory.Dispose();
        await _coordinators.DisposeAsync();
        _telemetry.Dispose();
    }

    // A snapshot that came with a call reads through this client.
    internal Snapshot SnapshotAt(Timestamp at) => new(at, Store);

    private Store MakeStore(string service, StoreScope scope)
    {
        ArgumentNullException.ThrowIfNull(service);
        return new(PartitionMap.SingleShard(service), _shards, scope, _options.Json);
    }
}
