namespace Transactions.TestKit.Storage;

/// <summary>What a fake database does to one write.</summary>
public enum StorageFault
{
    /// <summary>Nothing: it is written, if it may be, and acknowledged.</summary>
    None = 0,

    /// <summary>It is rolled back, and says so; the same may succeed when tried again.</summary>
    RolledBack = 1,

    /// <summary>It is written, if it may be, but the answer is lost. A crash may take it back until a later write is acknowledged.</summary>
    AmbiguousWritten = 2,

    /// <summary>It is not written, and the answer is lost.</summary>
    AmbiguousLost = 3,

    /// <summary>The answer is lost, and the write is still under way: it is tried when the test says so, and fenced then if need be.</summary>
    AmbiguousLate = 4,
}
