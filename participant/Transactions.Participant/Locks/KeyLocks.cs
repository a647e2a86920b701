namespace Transactions.Participant;

/// <summary>The locks on one key: who holds it, and who waits, in the order of service.</summary>
internal sealed class KeyLocks
{
    public List<LockRequest> Holders { get; } = [];

    public List<LockRequest> Waiters { get; } = [];

    public bool IsEmpty => Holders.Count == 0 && Waiters.Count == 0;

    public LockRequest? HeldBy(ShardTransaction transaction)
    {
        foreach (LockRequest holder in Holders)
        {
            if (holder.Transaction == transaction)
            {
                return holder;
            }
        }

        return null;
    }
}
