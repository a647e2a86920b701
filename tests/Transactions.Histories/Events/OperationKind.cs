namespace Transactions.Histories;

/// <summary>What one micro-operation of a transaction does.</summary>
public enum OperationKind
{
    /// <summary>Never in a history.</summary>
    Unspecified = 0,

    /// <summary>Appends one element to the list of a key: <c>["append",k,v]</c>.</summary>
    Append = 1,

    /// <summary>Writes the register of a key, or deletes it: <c>["w",k,v]</c>, <c>["w",k,null]</c>.</summary>
    Write = 2,

    /// <summary>Reads the list or the register of a key: <c>["r",k,[...]]</c>, <c>["r",k,v]</c>, <c>["r",k,null]</c>.</summary>
    Read = 3,

    /// <summary>Reads all present keys of a range: <c>["scan",[lo,hi],[[k,v],...]]</c>.</summary>
    Scan = 4,
}
