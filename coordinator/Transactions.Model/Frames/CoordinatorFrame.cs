using Transactions.Clocks;

namespace Transactions.Model;

/// <summary>What a coordinator sends to a shard. Each may arrive twice, late, or out of order (section 7).</summary>
/// <param name="Id">The transaction.</param>
public abstract record CoordinatorFrame(TransactionId Id)
{
    /// <summary>Asks for a vote (X7).</summary>
    /// <param name="Id">The transaction.</param>
    /// <param name="Generation">The owner that must still own the shard.</param>
    /// <param name="Floor">The least timestamp allowed.</param>
    /// <param name="Wrote">Whether the client wrote here.</param>
    /// <param name="Operations">How many operations the client counted here.</param>
    public sealed record Prepare(TransactionId Id, Generation Generation, Timestamp Floor, bool Wrote, int Operations)
        : CoordinatorFrame(Id);

    /// <summary>Asks the only shard of a transaction to decide and commit it (X11).</summary>
    /// <param name="Id">The transaction.</param>
    /// <param name="Generation">The owner that must still own the shard.</param>
    /// <param name="Floor">The least timestamp allowed.</param>
    /// <param name="Wrote">Whether the client wrote here.</param>
    /// <param name="Operations">How many operations the client counted here.</param>
    public sealed record CommitOnePhase(TransactionId Id, Generation Generation, Timestamp Floor, bool Wrote, int Operations)
        : CoordinatorFrame(Id);

    /// <summary>Tells how the transaction ended; also sent to readers (X10).</summary>
    public sealed record Ended(TransactionId Id, Outcome Outcome) : CoordinatorFrame(Id);

    /// <summary>Answers InDoubt while the coordinator still decides (D3): ask again later.</summary>
    public sealed record Pending(TransactionId Id) : CoordinatorFrame(Id);

    /// <summary>Asks the only shard of a transaction how it ended there, ending it if it hasn't (D4).</summary>
    public sealed record ResolveOnePhase(TransactionId Id) : CoordinatorFrame(Id);
}
