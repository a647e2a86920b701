namespace Transactions.Histories;

/// <summary>Why one transaction must come before another.</summary>
public enum DependencyKind
{
    Unspecified = 0,

    /// <summary>ww: the second wrote the next version of a key.</summary>
    WriteWrite = 1,

    /// <summary>wr: the second read what the first wrote.</summary>
    WriteRead = 2,

    /// <summary>rw: the second overwrote what the first read.</summary>
    ReadWrite = 3,

    /// <summary>rw of a predicate: the second created a key that the first's scan didn't find.</summary>
    PredicateReadWrite = 4,

    /// <summary>The first ended before the second began, in one process.</summary>
    Process = 5,

    /// <summary>The first ended before the second began.</summary>
    RealTime = 6,

    /// <summary>The first has the lower timestamp.</summary>
    Timestamp = 7,
}
