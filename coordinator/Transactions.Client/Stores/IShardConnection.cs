using Transactions.Clocks;
using Transactions.Contracts.V1;
using Transactions.Model;
using Transactions.Participant;

namespace Transactions.Client;

/// <summary>A way to one shard's owner: in this process, or over gRPC.</summary>
/// <remarks>Thread-safe. It neither retries nor hedges: whoever calls knows whether an operation was sent (X2).</remarks>
public interface IShardConnection
{
    /// <summary>The shard.</summary>
    ShardId Shard { get; }

    /// <summary>Sends one operation of a transaction.</summary>
    /// <param name="context">The transaction.</param>
    /// <param name="signed">The context as it travels; its signature was verified, or made, by this process.</param>
    /// <param name="number">The operation's number; a repeat keeps it.</param>
    /// <param name="operation">What to do.</param>
    /// <param name="cancellationToken">Stops the waiting; what the operation did is then unknown, which dooms the transaction.</param>
    /// <returns>Admitted, or refused; a refusal is an answer, not an exception.</returns>
    /// <exception cref="ShardUnreachableException">No answer came; whether it was sent is said there.</exception>
    Task<ShardAnswer> ExecuteAsync(
        Model.TransactionContext context,
        SignedContext signed,
        Model.OperationNumber number,
        Operation operation,
        CancellationToken cancellationToken);

    /// <summary>Reads at a timestamp; null reads strongly, at the latest that the present can be (S1).</summary>
    /// <exception cref="ShardUnreachableException">No answer came.</exception>
    Task<ShardAnswer> ReadAsync(Timestamp? at, SnapshotQuery query, CancellationToken cancellationToken);
}
