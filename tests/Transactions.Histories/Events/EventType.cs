namespace Transactions.Histories;

/// <summary>What an event says of a transaction, in Jepsen's words.</summary>
public enum EventType
{
    /// <summary>Never in a history.</summary>
    Unspecified = 0,

    /// <summary>The client is about to begin.</summary>
    Invoke = 1,

    /// <summary>The client was told that it committed.</summary>
    Ok = 2,

    /// <summary>The client was told, with proof, that it never committed and never will.</summary>
    Fail = 3,

    /// <summary>In doubt: it may have committed, may yet, or may never.</summary>
    Info = 4,
}
