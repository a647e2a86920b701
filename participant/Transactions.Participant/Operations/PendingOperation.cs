using Transactions.Model;

namespace Transactions.Participant;

/// <summary>An admitted operation: under way, or answered and kept for repeats (X2).</summary>
internal sealed class PendingOperation(ShardTransaction transaction, OperationNumber number, Operation operation)
{
    public ShardTransaction Transaction { get; } = transaction;

    public OperationNumber Number { get; } = number;

    public Operation Operation { get; } = operation;

    /// <summary>The calls to answer: the first, and repeats that came meanwhile.</summary>
    public List<CallId> Calls { get; } = [];

    /// <summary>How many locks it still waits for.</summary>
    public int LocksWaitedFor { get; set; }

    /// <summary>A scan's range lock, shrunk when the scan ends early.</summary>
    public LockRequest? RangeLock { get; set; }

    /// <summary>The stored reply.</summary>
    public ShardAnswer? Answer { get; set; }
}
