namespace Transactions.Model;

/// <summary>Why a transaction must not be committed although nobody aborted it yet (X2). Immutable.</summary>
public sealed record Doom
{
    /// <summary>The longest reason kept, in characters; what is longer is cut.</summary>
    public const int MaxReasonLength = 500;

    /// <summary>Makes a doom.</summary>
    /// <param name="reason">For people; control characters become spaces.</param>
    /// <param name="mayRetry">Whether running the whole transaction again may succeed.</param>
    public Doom(string reason, bool mayRetry)
    {
        ArgumentNullException.ThrowIfNull(reason);
        Reason = Clean(reason);
        MayRetry = mayRetry;
    }

    /// <summary>For people: 1 to <see cref="MaxReasonLength"/> characters.</summary>
    public string Reason { get; }

    /// <summary>Whether running the whole transaction again may succeed.</summary>
    public bool MayRetry { get; }

    /// <summary>What a caller is told who goes on regardless.</summary>
    public Refusal ToRefusal() =>
        new(RefusalStatus.Aborted, RefusalReason.Doomed, $"The transaction can't commit any more: {Reason}") { MayRetry = MayRetry };

    // The reason travels in a trailer, whose reader refuses what is too long or not printable.
    private static string Clean(string reason)
    {
        int length = Math.Min(reason.Length, MaxReasonLength);
        if (length < reason.Length && char.IsHighSurrogate(reason[length - 1]))
        {
            length--;
        }

        string kept = string.Create(length, reason, static (span, text) =>
        {
            for (int i = 0; i < span.Length; i++)
            {
                span[i] = char.IsControl(text[i]) ? ' ' : text[i];
            }
        });
        return kept.Length == 0 ? "no reason was given" : kept;
    }
}
