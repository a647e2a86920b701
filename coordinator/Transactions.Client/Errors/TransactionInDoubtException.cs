using Transactions.Model;

namespace Transactions.Client;

/// <summary>The waiting for the outcome ended, not the transaction: it may commit, may have committed, or may be aborted.</summary>
/// <remarks>
/// <para>It is thrown when no coordinator told the outcome within <see cref="TransactionClientOptions.OutcomeWait"/>, when the caller's
/// token fired after Commit was sent, and when the transaction is older than what the log keeps.</para>
/// <para>Don't run it again before its outcome is known: ask <see cref="TransactionClient.GetOutcomeAsync(TransactionId, CancellationToken)"/>,
/// or run it under an idempotency key, which makes a second run harmless.</para>
/// <para>Out of a gRPC handler it becomes FAILED_PRECONDITION with reason OUTCOME_PENDING or EXPIRED and without leave to retry:
/// UNAVAILABLE would invite proxies and retry policies to run the same request twice.</para>
/// </remarks>
public sealed class TransactionInDoubtException : Exception
{
    internal TransactionInDoubtException(
        TransactionId id, string why, Exception? cause = null, RefusalReason reason = RefusalReason.OutcomePending)
        : base($"Transaction {id} is in doubt: {why} Ask GetOutcomeAsync({id}) how it ended before you run it again.", cause) =>
        (TransactionId, Reason) = (id, reason);

    /// <summary>The transaction.</summary>
    public TransactionId TransactionId { get; }

    // Pending, or expired: then nobody will ever know.
    internal RefusalReason Reason { get; }
}
