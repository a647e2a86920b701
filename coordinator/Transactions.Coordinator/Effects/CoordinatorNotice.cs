using Transactions.Model;

namespace Transactions.Coordinator;

/// <summary>What a coordinator wants people to know; the driver logs and counts them.</summary>
public abstract record CoordinatorNotice
{
    /// <summary>A transaction was decided.</summary>
    public sealed record Decided(TransactionId Id, Outcome Outcome, int Shards) : CoordinatorNotice;

    /// <summary>A recorded batch got no clear answer: its transactions will be aborted in the log, and the log obeyed (D2).</summary>
    public sealed record RecordingAmbiguous(int Transactions) : CoordinatorNotice;

    /// <summary>The decision log can't be reached; commits wait.</summary>
    public sealed record LogUnavailable(int Waiting) : CoordinatorNotice;

    /// <summary>A committed transaction's writer hasn't applied it for long.</summary>
    public sealed record OutcomeUndelivered(TransactionId Id, ShardId Shard) : CoordinatorNotice;

    /// <summary>The clock became healthy or unhealthy.</summary>
    public sealed record ClockChanged(bool IsHealthy, string Message) : CoordinatorNotice;
}
