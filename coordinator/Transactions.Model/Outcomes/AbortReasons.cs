namespace Transactions.Model;

/// <summary>What follows from an <see cref="AbortReason"/>.</summary>
public static class AbortReasons
{
    /// <summary>Whether running the whole transaction again may succeed.</summary>
    public static bool MayRetry(this AbortReason reason) => reason switch
    {
        AbortReason.Wounded or AbortReason.HeartbeatMissed or AbortReason.OwnerChanged or AbortReason.VoteTimeout
            or AbortReason.LeaseTooShort or AbortReason.ClockUnhealthy or AbortReason.CoordinatorLost or AbortReason.Resolved
            or AbortReason.UnknownTransaction or AbortReason.ShuttingDown or AbortReason.CountMismatch
            or AbortReason.SetMismatch or AbortReason.Overloaded => true,
        AbortReason.Unspecified or AbortReason.ClientAborted or AbortReason.DeadlinePassed or AbortReason.OperationConflict
            or AbortReason.StorageRefused or AbortReason.IdempotencyKeyTaken or AbortReason.Expired => false,
    };
}
