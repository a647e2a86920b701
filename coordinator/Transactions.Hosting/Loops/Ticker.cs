namespace Transactions.Hosting;

/// <summary>Calls back about every so often, never twice at once, until disposed.</summary>
public sealed class Ticker : IAsyncDisposable
{
    private readonly ITimer _timer;

    /// <summary>Starts calling.</summary>
    /// <param name="interval">The time between calls; whole milliseconds.</param>
    /// <param name="callback">Must neither block nor throw.</param>
    /// <param name="timeProvider">Whose time passes.</param>
    public Ticker(TimeSpan interval, Action callback, TimeProvider timeProvider)
    {
        ArgumentNullException.ThrowIfNull(timeProvider);
        _timer = timeProvider.CreateTimer(_ => callback(), null, interval, interval);
    }

    /// <summary>Stops calling.</summary>
    public ValueTask DisposeAsync() => _timer.DisposeAsync();
}
