using Grpc.Core;
using Transactions.Contracts;
using Transactions.Model;

namespace Transactions.Client;

// What an exception says of its transaction.
internal static class Failures
{
    // The exception that a refusal inside of a transaction becomes: aborted where it says that the transaction can't go on.
    public static Exception From(TransactionId id, Refusal refusal) => refusal.Status == RefusalStatus.Aborted
        ? new TransactionAbortedException(id, refusal)
        : new TransactionRefusedException(refusal);

    // The refusal that an exception carries, however far away it was made; null when it carries none of ours.
    public static Refusal? RefusalIn(Exception exception) => exception switch
    {
        TransactionAbortedException aborted => aborted.Refusal,
        TransactionRefusedException refused => refused.Refusal,
        RpcException failed => RefusalMapping.FromRpcException(failed),
        _ => null,
    };
}
