using Transactions.Clocks;

namespace Transactions.Model;

/// <summary>How a transaction ended: committed at a timestamp, or aborted for a reason. In doubt is no outcome.</summary>
/// <remarks>Write-once: no transaction ever has two (invariant 1). Immutable and thread-safe.</remarks>
public readonly record struct Outcome
{
    private Outcome(OutcomeKind kind, Timestamp commitTimestamp, AbortReason reason)
    {
        Kind = kind;
        CommitTimestamp = commitTimestamp;
        Reason = reason;
    }

    /// <summary>Committed or aborted.</summary>
    public OutcomeKind Kind { get; }

    /// <summary>The timestamp at which its writes are visible everywhere; zero when it aborted.</summary>
    public Timestamp CommitTimestamp { get; }

    /// <summary>Why it aborted; unspecified when it committed.</summary>
    public AbortReason Reason { get; }

    /// <summary>Whether it committed.</summary>
    public bool IsCommitted => Kind == OutcomeKind.Committed;

    /// <summary>Committed at <paramref name="commitTimestamp"/>.</summary>
    public static Outcome Committed(Timestamp commitTimestamp) => new(OutcomeKind.Committed, commitTimestamp, default);

    /// <summary>Aborted for <paramref name="reason"/>.</summary>
    public static Outcome Aborted(AbortReason reason) => new(OutcomeKind.Aborted, Timestamp.Zero, reason);

    /// <inheritdoc/>
    public override string ToString() => Kind switch
    {
        OutcomeKind.Unspecified => "none",
        OutcomeKind.Committed => $"committed at {CommitTimestamp}",
        OutcomeKind.Aborted => $"aborted: {Reason}",
    };
}
