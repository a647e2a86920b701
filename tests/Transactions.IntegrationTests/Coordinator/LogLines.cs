using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Transactions.IntegrationTests.Coordinator;

/// <summary>Keeps what a process logs.</summary>
public sealed class LogLines : ILoggerProvider, ILogger
{
    private readonly ConcurrentQueue<(LogLevel Level, int Id, string Text)> _lines = new();

    /// <summary>Every line so far.</summary>
    public IReadOnlyCollection<(LogLevel Level, int Id, string Text)> All => _lines;

    /// <summary>How many lines of an event there are.</summary>
    public int Count(int id) => _lines.Count(l => l.Id == id);

    /// <inheritdoc/>
    public ILogger CreateLogger(string categoryName) => this;

    /// <inheritdoc/>
    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        _lines.Enqueue((logLevel, eventId.Id, $"{formatter(state, exception)} {exception}"));

    /// <inheritdoc/>
    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

    /// <inheritdoc/>
    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    /// <inheritdoc/>
    public void Dispose()
    {
    }
}
