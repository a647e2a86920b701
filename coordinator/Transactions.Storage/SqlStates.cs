namespace Transactions.Storage;

/// <summary>The SQLSTATEs that the adapters tell apart, and what follows from each.</summary>
public static class SqlStates
{
    /// <summary>Raised by our own <c>txn.check_fence</c>: generation or epoch is another one (L2).</summary>
    public const string Fenced = "TX001";

    /// <summary>A reading function was asked for a moment that isn't published yet, or is no longer kept (S2, S4).</summary>
    public const string NotReadable = "TX002";

    /// <summary>A lock wasn't granted within <c>lock_timeout</c>.</summary>
    public const string LockNotAvailable = "55P03";

    /// <summary>Two transactions waited for each other, and this one gave way.</summary>
    public const string DeadlockDetected = "40P01";

    /// <summary>The statement ran into <c>statement_timeout</c>, or was cancelled.</summary>
    public const string QueryCanceled = "57014";

    /// <summary>The server is a standby, or is set to read only.</summary>
    public const string ReadOnlyTransaction = "25006";

    /// <summary>The server doesn't know itself whether the statement completed.</summary>
    public const string StatementCompletionUnknown = "40003";

    private const string ConnectionException = "08";
    private const string TransactionRollback = "40";
    private const string InsufficientResources = "53";
    private const string OperatorIntervention = "57";
    private const string SystemError = "58";

    /// <summary>Whether the same statement may succeed when tried again.</summary>
    public static bool IsTransient(string sqlState) => sqlState switch
    {
        LockNotAvailable or ReadOnlyTransaction => true,
        _ => IsOfClass(sqlState, ConnectionException)
            || IsOfClass(sqlState, TransactionRollback)
            || IsOfClass(sqlState, InsufficientResources)
            || IsOfClass(sqlState, OperatorIntervention)
            || IsOfClass(sqlState, SystemError),
    };

    /// <summary>Whether an error with this state proves that the transaction was rolled back.</summary>
    public static bool ProvesRollback(string sqlState) =>
        sqlState != StatementCompletionUnknown && !IsOfClass(sqlState, ConnectionException);

    private static bool IsOfClass(string sqlState, string classCode) => sqlState.StartsWith(classCode, StringComparison.Ordinal);
}
