using Transactions.Model;

namespace Transactions.Participant;

/// <summary>How an attempt at L3 ended.</summary>
public abstract record TakeoverResult
{
    /// <summary>This process owns the shard, in this generation and epoch, from the row as it now stands.</summary>
    public sealed record Won(ShardRow Row) : TakeoverResult;

    /// <summary>The row had changed: start over from reading it.</summary>
    public sealed record Lost : TakeoverResult;

    /// <summary>PostgreSQL failed, or its answer was lost: start over from reading the row.</summary>
    public sealed record Failed(string Message) : TakeoverResult;
}
