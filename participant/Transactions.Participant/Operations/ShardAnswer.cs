using System.Collections.Immutable;
using Transactions.Clocks;
using Transactions.Model;

namespace Transactions.Participant;

/// <summary>What a call to a shard is answered.</summary>
public abstract record ShardAnswer
{
    /// <summary>An admitted operation's reply (X2): stored, and repeated to a repeat.</summary>
    /// <param name="Owner">Who admitted it.</param>
    /// <param name="Result">What it found or did.</param>
    /// <param name="Wrote">Whether it wrote.</param>
    public sealed record Admitted(ShardGeneration Owner, OperationResult Result, bool Wrote) : ShardAnswer;

    /// <summary>A snapshot read's answer.</summary>
    /// <param name="ReadTimestamp">The timestamp read at.</param>
    /// <param name="Result">What was there.</param>
    public sealed record Read(Timestamp ReadTimestamp, OperationResult Result) : ShardAnswer;

    /// <summary>Refused: not admitted, not counted, nothing changed; or the admitted operation's transaction has ended.</summary>
    /// <param name="Refusal">Why.</param>
    /// <param name="AdmittedBy">Who had admitted it before it failed (X2: such a reply counts, error or not); else null.</param>
    public sealed record Refused(Refusal Refusal, ShardGeneration? AdmittedBy = null) : ShardAnswer;
}
