namespace Transactions.Coordinator.Server.Driving;

// One caller's waiting. Its continuation never runs on the machine's loop.
internal sealed class PendingCall(CoordinatorDriver driver, CallId id)
    : TaskCompletionSource<CoordinatorAnswer>(TaskCreationOptions.RunContinuationsAsynchronously)
{
    public CallId Id { get; } = id;

    public void Cancel(CancellationToken cancellationToken)
    {
        if (TrySetCanceled(cancellationToken))
        {
            driver.Post(new CoordinatorEvent.CallCancelled(Id));
        }
    }
}
