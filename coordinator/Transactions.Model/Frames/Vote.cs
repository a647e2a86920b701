using Transactions.Clocks;

namespace Transactions.Model;

/// <summary>A shard's vote (X7): YES with a prepare timestamp and how long it holds, or NO with a reason.</summary>
public readonly record struct Vote
{
    private Vote(bool isYes, Timestamp prepareTimestamp, Timestamp validUntil, AbortReason reason)
    {
        IsYes = isYes;
        PrepareTimestamp = prepareTimestamp;
        ValidUntil = validUntil;
        Reason = reason;
    }

    /// <summary>Whether the shard will commit if asked to.</summary>
    public bool IsYes { get; }

    /// <summary>The least commit timestamp that the shard accepts.</summary>
    public Timestamp PrepareTimestamp { get; }

    /// <summary>The greatest commit timestamp that the shard accepts: its lease when it voted.</summary>
    public Timestamp ValidUntil { get; }

    /// <summary>Why it voted NO.</summary>
    public AbortReason Reason { get; }

    /// <summary>A vote to commit between the two timestamps, both included.</summary>
    public static Vote Yes(Timestamp prepareTimestamp, Timestamp validUntil) => new(true, prepareTimestamp, validUntil, default);

    /// <summary>A vote to abort.</summary>
    public static Vote No(AbortReason reason) => new(false, Timestamp.Zero, Timestamp.Zero, reason);

    /// <inheritdoc/>
    public override string ToString() => IsYes ? $"yes [{PrepareTimestamp}, {ValidUntil}]" : $"no: {Reason}";
}
