using Microsoft.Extensions.Logging;

namespace Transactions.Hosting;

internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Critical,
        "Something that must never happen has happened. This process stops at once; what it made durable is recovered at its next start.")]
    public static partial void StoppingProcess(ILogger logger, Exception reason);

    [LoggerMessage(2, LogLevel.Information, "The clock is {Source}; it answers {Reading}")]
    public static partial void ClockIsHealthy(ILogger logger, string source, string reading);

    [LoggerMessage(3, LogLevel.Warning,
        "The clock's bound of {Bound} is an assumption, not a measurement: if any machine's clock is off by more, transactions are no longer strictly serializable")]
    public static partial void BoundIsAssumed(ILogger logger, string bound);
}
