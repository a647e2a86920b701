using Transactions.Clocks;

namespace Transactions.Coordinator;

/// <summary>What the write-once register holds after an insert was tried (D1, D5, D6).</summary>
public abstract record RegisterContent
{
    /// <summary>A row under the id: the one just written, or one from before.</summary>
    public sealed record ById(Decision Decision) : RegisterContent;

    /// <summary>No row under the id, but one of another transaction under the key.</summary>
    public sealed record ByKey(Decision Holder) : RegisterContent;

    /// <summary>No row: the id is dated at or below the low-water mark, so that none may be inserted.</summary>
    public sealed record BelowMark(Timestamp Mark) : RegisterContent;
}
