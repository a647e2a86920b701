using Transactions.Clocks;
using Transactions.Model;

namespace Transactions.Client;

/// <summary>A transaction has committed, and what its body returned.</summary>
/// <typeparam name="T">What the body returns.</typeparam>
/// <param name="Value">What the body returned; of a replay, what was stored with the first one's decision.</param>
/// <param name="Receipt">How it committed.</param>
public sealed record RunResult<T>(T Value, CommitReceipt Receipt)
{
    /// <inheritdoc cref="CommitReceipt.TransactionId"/>
    public TransactionId TransactionId => Receipt.TransactionId;

    /// <inheritdoc cref="CommitReceipt.CommitTimestamp"/>
    public Timestamp CommitTimestamp => Receipt.CommitTimestamp;

    /// <inheritdoc cref="CommitReceipt.Attempts"/>
    public int Attempts => Receipt.Attempts;

    /// <inheritdoc cref="CommitReceipt.WasReplay"/>
    public bool WasReplay => Receipt.WasReplay;
}
