namespace Transactions.Storage;

/// <summary>How a PostgreSQL transaction fared, as far as its client can know.</summary>
public abstract record TransactionFate
{
    /// <summary>Committed, and acknowledged without a warning.</summary>
    public sealed record Committed : TransactionFate;

    /// <summary>Certainly nothing was written: it was rolled back, or never sent.</summary>
    /// <param name="SqlState">The server's reason; empty when there was no connection.</param>
    /// <param name="Message">For people.</param>
    public sealed record RolledBack(string SqlState, string Message) : TransactionFate
    {
        /// <summary>Whether the same may succeed when tried again.</summary>
        public bool IsTransient => SqlState.Length == 0 || SqlStates.IsTransient(SqlState);
    }

    /// <summary>Sent, and its answer lost, or acknowledged with a warning: it may be written, or be written yet.</summary>
    /// <param name="Backend">The server process that may still be at work on it.</param>
    /// <param name="Message">For people.</param>
    public sealed record Ambiguous(int Backend, string Message) : TransactionFate;
}
