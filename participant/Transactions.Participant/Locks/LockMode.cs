namespace Transactions.Participant;

/// <summary>What a lock allows beside it.</summary>
internal enum LockMode
{
    /// <summary>Readers of one key: other readers.</summary>
    Shared = 1,

    /// <summary>The writer of one key: nobody.</summary>
    Exclusive = 2,

    /// <summary>A scan of a range of keys: readers and scans, no writer of any key in it, there or not yet there.</summary>
    Range = 3,
}
