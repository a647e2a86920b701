namespace Transactions.Model;

/// <summary>An answer that says no, and why: status and reason for programs, message and remedy for people.</summary>
/// <remarks>A refusal never means "aborted" by itself (section 7) and changes nothing. Immutable.</remarks>
/// <param name="Status">The kind, which is the gRPC status.</param>
/// <param name="Reason">The reason.</param>
/// <param name="Message">One sentence that names the field, the limit and the remedy.</param>
public sealed record Refusal(RefusalStatus Status, RefusalReason Reason, string Message)
{
    /// <summary>The field at fault, where it is one.</summary>
    public string? Field { get; init; }

    /// <summary>How the transaction ended, where the reason is that it has.</summary>
    public AbortReason AbortReason { get; init; }

    /// <summary>Whether running the whole transaction again may succeed.</summary>
    public bool MayRetry { get; init; }

    /// <summary>Where to turn instead: the name of a coordinator, or the address of a shard's owner.</summary>
    public string? Redirect { get; init; }

    /// <summary>A field that is wrong, whatever the state.</summary>
    public static Refusal Invalid(string field, string message) =>
        new(RefusalStatus.InvalidArgument, RefusalReason.InvalidField, message) { Field = field };

    /// <summary>A transaction that has been aborted.</summary>
    public static Refusal Aborted(AbortReason reason, string message) =>
        new(RefusalStatus.Aborted, RefusalReason.TransactionEnded, message) { AbortReason = reason, MayRetry = reason.MayRetry() };

    /// <summary>A limit that is reached for a moment only: the same may be admitted later.</summary>
    public static Refusal Busy(string field, string message) => Limit(field, $"{message}; try again later.") with { MayRetry = true };

    /// <summary>A limit that is reached.</summary>
    public static Refusal Limit(string field, string message) =>
        new(RefusalStatus.ResourceExhausted, RefusalReason.LimitReached, message) { Field = field };

    /// <summary>Something that can't be reached now.</summary>
    public static Refusal Unavailable(RefusalReason reason, string message) =>
        new(RefusalStatus.Unavailable, reason, message) { MayRetry = true };
}
