using Transactions.Model;

namespace Transactions.Client;

/// <summary>A shard gave no answer.</summary>
/// <param name="shard">The shard.</param>
/// <param name="wasSent">Whether the request may have reached it; if so, what it did is unknown and the transaction is doomed (X2).</param>
/// <param name="message">What failed.</param>
/// <param name="cause">Where it failed.</param>
public sealed class ShardUnreachableException(ShardId shard, bool wasSent, string message, Exception? cause = null)
    : Exception(message, cause)
{
    /// <summary>The shard.</summary>
    public ShardId Shard { get; } = shard;

    /// <summary>Whether the request may have reached it.</summary>
    public bool WasSent { get; } = wasSent;
}
