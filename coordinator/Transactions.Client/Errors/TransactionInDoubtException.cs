using Transactions.Model;

namespace Transactions.Client;

/// <summary>The waiting for the outcome ended, not the transaction: it may commit, may have committed, or may be aborted.</summary>
/// <remarks>
/// Don't run it again before its outcome is known: ask <see cref="TransactionClient.GetOutcomeAsync(TransactionId, CancellationToken)"/>,
/// or run it under an idempotency key, which makes a second run harmless.
/// </remarks>
public sealed class TransactionInDoubtException : Exception
{
    internal TransactionInDoubtException(TransactionId id, string why, Exception? cause = null)
        : base($"Transaction {id} is in doubt: {why} Ask GetOutcomeAsync({id}) how it ended before you run it again.", cause) =>
        TransactionId = id;

    /// <summary>The transaction.</summary>
    public TransactionId TransactionId { get; }
}
