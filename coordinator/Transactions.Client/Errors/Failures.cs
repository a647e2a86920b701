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

    // What a gRPC handler that lets this exception out answers with (section 7); null where it is none of ours.
    public static RpcException? ToAnswer(Exception exception) => exception switch
    {
        // Whatever refusal ended it, perhaps another call's: for the caller it is aborted, and that is certain.
        TransactionAbortedException aborted => RefusalMapping.ToRpcException(
            aborted.Refusal with { Status = RefusalStatus.Aborted, Message = aborted.Message, AbortReason = aborted.Reason }),
        TransactionInDoubtException inDoubt => RefusalMapping.ToRpcException(
            new(RefusalStatus.FailedPrecondition, inDoubt.Reason, inDoubt.Message)),
        TransactionRefusedException refused => RefusalMapping.ToRpcException(refused.Refusal),
        ClientClockException off => RefusalMapping.ToRpcException(Refusal.Unavailable(RefusalReason.ClockUnhealthy, off.Message)),
        _ => null,
    };

    // The refusal that an exception carries, however far away it was made; null when it carries none of ours.
    public static Refusal? RefusalIn(Exception exception) => exception switch
    {
        TransactionAbortedException aborted => aborted.Refusal,
        TransactionRefusedException refused => refused.Refusal,
        RpcException failed => RefusalMapping.FromRpcException(failed),
        _ => null,
    };
}
