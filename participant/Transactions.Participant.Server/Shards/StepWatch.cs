namespace Transactions.Participant.Server;

/// <summary>Watches one step of a shard: how long its store has been silent.</summary>
/// <remarks>Thread-safe.</remarks>
internal sealed class StepWatch : IDisposable
{
    private readonly TaskCompletionSource _silent = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _ending;
    private readonly TimeSpan _answerTimeout;
    private readonly ITimer _timer;

    public StepWatch(TimeSpan answerTimeout, TimeProvider timeProvider, CancellationToken ending)
    {
        _answerTimeout = answerTimeout;
        _ending = CancellationTokenSource.CreateLinkedTokenSource(ending);
        _timer = timeProvider.CreateTimer(_ => _silent.TrySetResult(), null, answerTimeout, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Completes when a round trip took too long.</summary>
    public Task Silent => _silent.Task;

    /// <summary>Fires when the shard's driver ends, or the step was given up: it sends nothing more then.</summary>
    public CancellationToken Ending => _ending.Token;

    /// <summary>A round trip was answered; the step's next one has its own time.</summary>
    public void RoundTripEnded() => _timer.Change(_answerTimeout, Timeout.InfiniteTimeSpan);

    public Task GiveUpAsync() => _ending.CancelAsync();

    public void Dispose()
    {
        _timer.Dispose();
        _ending.Dispose();
    }
}
