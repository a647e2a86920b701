using Transactions.Model;

namespace Transactions.Coordinator.Batching;

// What became of a decision that was to be recorded.
internal abstract record DecisionFate
{
    // The register holds this row under the id: the decision itself, or one from before, which is obeyed (D1).
    public sealed record Held(Decision Row) : DecisionFate;

    // Another transaction has the key (D6).
    public sealed record KeyHeld(Decision Holder) : DecisionFate;

    // No row is there, and none may be inserted any more (D5).
    // MayHaveCommitted: an earlier insert's answer was lost, so what was once there can't be told.
    public sealed record BelowMark(bool MayHaveCommitted) : DecisionFate;

    // Certainly nothing was written, and it isn't tried again.
    public sealed record NotWritten(AbortReason Reason) : DecisionFate;
}
