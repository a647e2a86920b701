using System.Data.Common;
using Microsoft.Extensions.Options;
using Polly;
using Polly.Retry;
using Transactions.Clocks;
using Transactions.Coordinator.Server.Driving;
using Transactions.Coordinator.Server.Serving;
using Transactions.Coordinator.Server.Telemetry;
using Transactions.Hosting;
using Transactions.Model;
using Transactions.Storage;

namespace Transactions.Coordinator.Server.Life;

// From start to stop: opens the log, then serves; takes nothing new, finishes what is under way, then ends.
internal sealed class CoordinatorLife(
    CoordinatorIdentity identity,
    OpenDecisionLog openLog,
    IBoundedClock clock,
    TimeProvider timeProvider,
    IProcessStop processStop,
    IHostApplicationLifetime application,
    IOptions<CoordinatorServerOptions> options,
    StreamEnds streams,
    CoordinatorMetrics metrics,
    ILogger<CoordinatorLife> logger) : IHostedLifecycleService, IDisposable
{
    private static readonly Refusal StillStarting = Refusal.Unavailable(
        RefusalReason.StorageUnavailable, "This coordinator is starting and its decision log hasn't answered yet; try again, or ask another one.");

    private static readonly Refusal IsStopping = Refusal.Unavailable(
        RefusalReason.ShuttingDown, "This coordinator is stopping; ask another one, or this one later.");

    private readonly CancellationTokenSource _startingEnds = new();
    private Task _starting = Task.CompletedTask;
    private volatile CoordinatorDriver? _driver;
    private volatile Refusal? _notServing = StillStarting;

    // Whether the start failed for good, so that the process should say so by its exit code.
    public bool HasFailed { get; private set; }

    // Null while it serves; else what callers are told.
    public Refusal? NotServing => _notServing;

    public CoordinatorDriver? Driver => _driver;

    // The process listens at once and says UNAVAILABLE until the log is open, so that probes see why it isn't ready.
    public Task StartAsync(CancellationToken cancellationToken)
    {
        // T3: without bounds on true time it doesn't even listen.
        ClockStartup.EnsureHealthy(clock);
        _starting = Task.Run(StartUpAsync, CancellationToken.None);
        return Task.CompletedTask;
    }

    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        await _startingEnds.CancelAsync();
        await _starting;
        if (_driver is not { } driver)
        {
            return;
        }

        Log.Stopping(logger, driver.View.OpenTransactions);
        bool isDrained = await driver.DrainAsync(options.Value.DrainTimeout);
        _notServing = IsStopping;
        if (isDrained)
        {
            Log.Stopped(logger);
        }
        else
        {
            Log.StoppedUndrained(logger, driver.View.OpenTransactions, driver.View.QueuedDecisions);
        }

        await driver.DisposeAsync();
        await streams.AllSeenAsync();
    }

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose() => _startingEnds.Dispose();

    private async Task StartUpAsync()
    {
        try
        {
            Log.Starting(logger, identity.Self, identity.Cluster.Name);
            IDecisionLog log = await Patience().ExecuteAsync(OpenAsync, _startingEnds.Token);
            CoordinatorMachine machine = new(identity.Self, identity.Cluster.Limits, options.Value.ToMachineOptions());
            CoordinatorDriver driver = new(machine, options.Value, log, clock, timeProvider, processStop, metrics, logger);
            driver.Start();
            metrics.Watch(driver);
            _driver = driver;
            _notServing = null;
            Log.Serving(logger, identity.Self);
        }
        catch (OperationCanceledException) when (_startingEnds.IsCancellationRequested)
        {
            // Stopped before it ever served.
        }
        catch (Exception fatal)
        {
            Log.CannotStart(logger, fatal, fatal.Message);
            HasFailed = true;
            application.StopApplication();
        }
    }

    private async ValueTask<IDecisionLog> OpenAsync(CancellationToken cancellationToken)
    {
        IDecisionLog log = await openLog(cancellationToken);
        try
        {
            await log.EnsureClusterAsync(identity.Cluster.Name, identity.Cluster.Limits.Mode, cancellationToken);
            return log;
        }
        catch
        {
            await log.DisposeAsync();
            throw;
        }
    }

    // What may pass by itself is waited for; a wrong password, or another cluster's log, isn't.
    private ResiliencePipeline Patience() => new ResiliencePipelineBuilder { TimeProvider = timeProvider }
        .AddRetry(new RetryStrategyOptions
        {
            ShouldHandle = new PredicateBuilder()
                .Handle<StorageUnavailableException>()
                .Handle<DbException>(e => e.IsTransient)
                .Handle<MigrationFailedException>(e => e.InnerException is DbException { IsTransient: true }),
            MaxRetryAttempts = int.MaxValue,
            BackoffType = DelayBackoffType.Exponential,
            UseJitter = true,
            Delay = TimeSpan.FromMilliseconds(100),
            MaxDelay = options.Value.Log.MaxStartupPause,
            OnRetry = attempt =>
            {
                Log.LogNotReachedYet(logger, attempt.Outcome.Exception?.Message ?? "", attempt.RetryDelay);
                return ValueTask.CompletedTask;
            },
        })
        .Build();
}
