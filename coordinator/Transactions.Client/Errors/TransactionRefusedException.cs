using Transactions.Model;

namespace Transactions.Client;

/// <summary>Something was refused, and changed nothing.</summary>
/// <remarks>
/// Thrown by an operation inside of a transaction, the transaction goes on without that operation. Thrown by a run, by Commit or
/// by Begin, the transaction isn't committed and never will be.
/// </remarks>
public sealed class TransactionRefusedException : Exception
{
    internal TransactionRefusedException(Refusal refusal, Exception? cause = null)
        : base(refusal.Message, cause) => Refusal = refusal;

    /// <summary>Why, with the field, the limit and the remedy.</summary>
    public Refusal Refusal { get; }

    /// <summary>Whether the same may succeed later.</summary>
    public bool MayRetry => Refusal.MayRetry;
}
