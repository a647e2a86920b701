using System.Collections.Immutable;
using Transactions.Clocks;
using Transactions.Model;

namespace Transactions.Coordinator;

/// <summary>What a call is answered.</summary>
public abstract record CoordinatorAnswer
{
    /// <summary>A new transaction's context.</summary>
    public sealed record Begun(TransactionContext Context) : CoordinatorAnswer;

    /// <summary>The transaction has ended so.</summary>
    /// <param name="Id">The transaction whose outcome it is: under a key, perhaps an earlier one (D6).</param>
    /// <param name="Outcome">Committed or aborted.</param>
    /// <param name="Result">What was stored with the decision under its key.</param>
    public sealed record Ended(TransactionId Id, Outcome Outcome, ReadOnlyMemory<byte>? Result) : CoordinatorAnswer;

    /// <summary>Nothing is decided yet, or nothing is known: for GetOutcome only, and it proves nothing.</summary>
    public sealed record Undecided : CoordinatorAnswer;

    /// <summary>Those of the heartbeat's transactions that can't commit any more.</summary>
    public sealed record HeartbeatSeen(ImmutableArray<(TransactionId Id, AbortReason Reason)> Lost) : CoordinatorAnswer;

    /// <summary>A read timestamp (S1).</summary>
    public sealed record TimestampGiven(Timestamp Timestamp, Timestamp Earliest, Timestamp Latest) : CoordinatorAnswer;

    /// <summary>Refused; the transaction is as it was.</summary>
    public sealed record Refused(Refusal Refusal) : CoordinatorAnswer;
}
