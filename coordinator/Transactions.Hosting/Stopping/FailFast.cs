using Microsoft.Extensions.Logging;

namespace Transactions.Hosting;

/// <summary>Logs, and ends the process as a crash would. What was durable is recovered at the next start.</summary>
public sealed class FailFast(ILogger<FailFast> logger) : IProcessStop
{
    /// <inheritdoc/>
    public void Stop(Exception reason)
    {
        Log.StoppingProcess(logger, reason);
        Environment.FailFast(reason.Message, reason);
    }
}
