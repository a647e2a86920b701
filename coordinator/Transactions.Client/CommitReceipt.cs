using Transactions.Clocks;
using Transactions.Model;

namespace Transactions.Client;

/// <summary>A transaction has committed.</summary>
/// <param name="TransactionId">The transaction; of a replay the one that committed first.</param>
/// <param name="CommitTimestamp">Where its writes are visible, everywhere; already past (X9).</param>
/// <param name="Attempts">How often the body ran; 0 when an earlier transaction's outcome was found before it ran.</param>
/// <param name="WasReplay">Whether this is the outcome of an earlier transaction under the same idempotency key (D6).</param>
public sealed record CommitReceipt(TransactionId TransactionId, Timestamp CommitTimestamp, int Attempts, bool WasReplay);
