using System.Diagnostics.CodeAnalysis;
using Google.Protobuf;
using Transactions.Clocks;
using Transactions.Model;

namespace Transactions.Contracts;

/// <summary>Outcomes between wire and model.</summary>
/// <remarks>Thread-safe: there is no state.</remarks>
public static class OutcomeMapping
{
    /// <summary>An outcome as it is sent.</summary>
    /// <exception cref="BrokenInvariantException">It is none: "in doubt" is never sent as an outcome.</exception>
    public static V1.Outcome ToWire(Outcome outcome)
    {
        Invariant.Holds(outcome.Kind != OutcomeKind.Unspecified, "only an outcome is sent as one");
        return outcome.IsCommitted
            ? new() { CommittedAt = outcome.CommitTimestamp.Value }
            : new() { Aborted = ToWire(outcome.Reason) };
    }

    /// <summary>Reads an outcome; false with a refusal that names the field at fault.</summary>
    public static bool TryRead(
        V1.Outcome? wire, out Outcome outcome, [NotNullWhen(false)] out Refusal? refusal, string field = "outcome")
    {
        outcome = default;
        if (!Check.Present(wire, field, out refusal))
        {
            return false;
        }

        switch (wire.EndCase)
        {
            case V1.Outcome.EndOneofCase.CommittedAt:
                if (!Check.Timestamp(wire.CommittedAt, $"{field}.committed_at", out Timestamp timestamp, out refusal))
                {
                    return false;
                }

                outcome = Outcome.Committed(timestamp);
                return true;

            case V1.Outcome.EndOneofCase.Aborted:
                if (!Check.Reason(wire.Aborted, $"{field}.aborted", out AbortReason reason, out refusal))
                {
                    return false;
                }

                outcome = Outcome.Aborted(reason);
                return true;

            case V1.Outcome.EndOneofCase.None:
            default:
                refusal = Check.Missing(field);
                return false;
        }
    }

    /// <summary>A reason as it is sent: the numbers are the same.</summary>
    public static V1.AbortReason ToWire(AbortReason reason) => (V1.AbortReason)(int)reason;

    /// <summary>The answer to Commit, Abort and Resolve.</summary>
    public static V1.EndedReply ToReply(CommitResult result)
    {
        ArgumentNullException.ThrowIfNull(result);
        V1.EndedReply reply = new() { Transaction = Check.ToWire(result.Id), Outcome = ToWire(result.Outcome) };
        if (result.Result is { } stored)
        {
            reply.Result = UnsafeByteOperations.UnsafeWrap(stored);
        }

        return reply;
    }

    /// <summary>Reads the answer to Commit, Abort or Resolve; false with a refusal that names the field at fault.</summary>
    public static bool TryRead(
        V1.EndedReply? wire,
        [NotNullWhen(true)] out CommitResult? result,
        [NotNullWhen(false)] out Refusal? refusal,
        string field = "ended")
    {
        result = null;
        if (!Check.Present(wire, field, out refusal)
            || !Check.TransactionId(wire.Transaction, $"{field}.transaction", out TransactionId id, out refusal)
            || !TryRead(wire.Outcome, out Outcome outcome, out refusal, $"{field}.outcome"))
        {
            return false;
        }

        result = new(id, outcome, wire.HasResult ? wire.Result.Memory : (ReadOnlyMemory<byte>?)null);
        return true;
    }

    /// <summary>The answer to GetOutcome; null says that nothing is decided or known.</summary>
    public static V1.GetOutcomeReply ToOutcomeReply(CommitResult? result) =>
        result is null ? new() : new() { Ended = ToReply(result) };

    /// <summary>Reads the answer to GetOutcome: true with null says that nothing is decided or known.</summary>
    public static bool TryRead(V1.GetOutcomeReply? wire, out CommitResult? result, [NotNullWhen(false)] out Refusal? refusal)
    {
        result = null;
        refusal = null;
        return wire?.Ended is null || TryRead(wire.Ended, out result, out refusal);
    }
}
