namespace Transactions.Participant;

/// <summary>Where a process stands with a shard.</summary>
public enum OwnershipPhase
{
    /// <summary>Not said.</summary>
    Unspecified = 0,

    /// <summary>Doesn't own it, and will read its row soon.</summary>
    Idle = 1,

    /// <summary>Reads its row.</summary>
    ReadingRow = 2,

    /// <summary>Waits for another owner's lease to pass (L3).</summary>
    WaitingForLease = 3,

    /// <summary>Tries to raise its generation (L3).</summary>
    TakingOver = 4,

    /// <summary>Owns it, and reads what its predecessors left prepared (L3).</summary>
    Loading = 5,

    /// <summary>Owns and serves it.</summary>
    Serving = 6,

    /// <summary>Owns it, serves no more, and waits for its writes and renewals to end (L5).</summary>
    Stopping = 7,

    /// <summary>Hands its lease back (L5).</summary>
    HandingBack = 8,

    /// <summary>Has nothing to do with it any more.</summary>
    Stopped = 9,
}
