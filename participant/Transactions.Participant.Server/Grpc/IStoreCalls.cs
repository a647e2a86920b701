using Transactions.Client;
using Transactions.Contracts.V1;

namespace Transactions.Participant.Server;

/// <summary>Takes the requests of a stream to their shards.</summary>
internal interface IStoreCalls
{
    /// <summary>
    /// Hands one request to its shard, when that has room for it; then answers the task that waits for the answer. Every failure
    /// that is foreseen is a refusal, which is an answer.
    /// </summary>
    /// <param name="call">The request.</param>
    /// <param name="signed">Its transaction's context; null when none came.</param>
    /// <param name="cancellationToken">Stops the waiting only.</param>
    /// <exception cref="OperationCanceledException">The token fired.</exception>
    Task<Task<ShardAnswer>> StartAsync(StoreCall call, SignedContext? signed, CancellationToken cancellationToken);
}
