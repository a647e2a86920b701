using Transactions.Clocks;

namespace Transactions.Model;

/// <summary>What travels with every call of a transaction (X1), signed on the wire with the client's key.</summary>
/// <param name="Id">The transaction.</param>
/// <param name="Priority">The start timestamp of its first try, for wound-wait.</param>
/// <param name="Deadline">Past this, all is refused; at most <c>id time + maxLifetime</c>.</param>
/// <param name="Coordinator">Who will decide it.</param>
/// <param name="Client">Who runs it: the client's configured id, to which idempotency keys are scoped.</param>
public sealed record TransactionContext(
    TransactionId Id,
    Timestamp Priority,
    Timestamp Deadline,
    CoordinatorId Coordinator,
    string Client)
{
    /// <summary>The longest client id allowed, in characters.</summary>
    public const int MaxClientLength = 100;

    /// <summary>The transaction's place in wound-wait.</summary>
    public Precedence Precedence => new(Priority, Id);
}
