namespace Transactions.Coordinator.Server.Driving;

// Whether the decision log answered the last time: said when it changes, not at each failure.
internal sealed class LogState(ILogger logger)
{
    private int _isLost;

    public bool IsReachable => Volatile.Read(ref _isLost) == 0;

    public void Answered()
    {
        if (Volatile.Read(ref _isLost) == 1 && Interlocked.Exchange(ref _isLost, 0) == 1)
        {
            Log.LogIsBack(logger);
        }
    }

    public void Lost(string reason)
    {
        if (Interlocked.Exchange(ref _isLost, 1) == 0)
        {
            Log.LogIsLost(logger, reason);
        }
    }
}
