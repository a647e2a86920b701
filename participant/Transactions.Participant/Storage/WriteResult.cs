namespace Transactions.Participant;

/// <summary>How a fenced write without an answer of its own fared.</summary>
public enum WriteResult
{
    /// <summary>Not said.</summary>
    Unspecified = 0,

    /// <summary>Committed and acknowledged.</summary>
    Committed = 1,

    /// <summary>Certainly nothing was written; the same may succeed when tried again.</summary>
    RolledBack = 2,

    /// <summary>Sent, and its answer lost or acknowledged with a warning (L6).</summary>
    Ambiguous = 3,

    /// <summary>Generation or epoch is another one (L2): this owner is fenced, and nothing was written.</summary>
    Fenced = 4,
}
