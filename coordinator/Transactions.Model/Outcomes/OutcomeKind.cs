namespace Transactions.Model;

/// <summary>The two ways a transaction ends. Stored and sent: numbers never change.</summary>
public enum OutcomeKind
{
    /// <summary>Not said.</summary>
    Unspecified = 0,

    /// <summary>All its writes are visible at its commit timestamp.</summary>
    Committed = 1,

    /// <summary>None of its writes is ever visible.</summary>
    Aborted = 2,
}
