namespace Transactions.Hosting;

/// <summary>The one hook through which a broken invariant stops the process; tests and the simulator replace it.</summary>
public interface IProcessStop
{
    /// <summary>Stops the process at once, without finishing anything: what is in memory can't be trusted.</summary>
    void Stop(Exception reason);
}
