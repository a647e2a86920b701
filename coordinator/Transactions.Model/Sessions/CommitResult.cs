namespace Transactions.Model;

/// <summary>The answer to a Commit, an Abort or a Resolve: the transaction has ended so.</summary>
/// <param name="Id">Whose outcome it is: under an idempotency key perhaps an earlier transaction's (D6).</param>
/// <param name="Outcome">Committed or aborted.</param>
/// <param name="Result">What was stored with the decision under its key; null without one.</param>
public sealed record CommitResult(TransactionId Id, Outcome Outcome, ReadOnlyMemory<byte>? Result);
