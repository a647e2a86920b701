using Microsoft.Extensions.Logging;
using Transactions.Model;

namespace Transactions.Client;

internal static partial class Log
{
    [LoggerMessage(4001, LogLevel.Information, "Said Hello to coordinator '{Name}' at {Address}, in its life {Incarnation}.")]
    public static partial void SaidHello(ILogger logger, string name, Uri address, string incarnation);

    [LoggerMessage(4002, LogLevel.Warning, "Coordinator {Coordinator} is no use now: {Reason}")]
    public static partial void CoordinatorFailed(ILogger logger, string coordinator, string reason);

    [LoggerMessage(4003, LogLevel.Information, "New transactions are begun with coordinator {Coordinator} from now on.")]
    public static partial void HomeMoved(ILogger logger, string coordinator);

    [LoggerMessage(4004, LogLevel.Warning,
        "Heartbeats of {Count} transactions didn't reach coordinator {Coordinator} ({Reason}); it aborts them if none does in time.")]
    public static partial void HeartbeatLost(ILogger logger, string coordinator, int count, string reason);

    [LoggerMessage(4005, LogLevel.Information, "Transaction {Id} was ended by its coordinator: {Reason}.")]
    public static partial void EndedElsewhere(ILogger logger, TransactionId id, AbortReason reason);

    [LoggerMessage(4006, LogLevel.Debug,
        "The abort of transaction {Id} couldn't be told ({Reason}); it ends by its missing heartbeats.")]
    public static partial void AbortUntold(ILogger logger, TransactionId id, string reason);

    [LoggerMessage(4007, LogLevel.Warning,
        "Coordinator {Coordinator} gave no answer to the Commit of transaction {Id} ({Reason}); asking how it ended.")]
    public static partial void AnswerLost(ILogger logger, TransactionId id, string coordinator, string reason);

    [LoggerMessage(4008, LogLevel.Information, "Asking coordinator {Coordinator} how transaction {Id} ended.")]
    public static partial void Resolving(ILogger logger, TransactionId id, string coordinator);

    [LoggerMessage(4009, LogLevel.Warning,
        "The waiting for the outcome of transaction {Id} was stopped: it is in doubt here, and ends without us.")]
    public static partial void InDoubt(ILogger logger, TransactionId id);

    [LoggerMessage(4010, LogLevel.Debug, "Transaction {Id}, attempt {Attempt}, is run again in {Pause}: {Reason}")]
    public static partial void Retrying(ILogger logger, TransactionId id, int attempt, TimeSpan pause, string reason);

    [LoggerMessage(4011, LogLevel.Information, "The Store at {Address} answers; it owns {Shards}.")]
    public static partial void StoreConnected(ILogger logger, Uri address, string shards);

    [LoggerMessage(4012, LogLevel.Warning,
        "The stream to the Store at {Address} broke ({Reason}) with {Unanswered} requests unanswered; the next request connects again.")]
    public static partial void StoreBroke(ILogger logger, Uri address, string reason, int unanswered);

    [LoggerMessage(4013, LogLevel.Information, "Shard {Shard} isn't at {Address} any more; looking at {Next} from now on.")]
    public static partial void ShardMoved(ILogger logger, ShardId shard, Uri address, string next);

    [LoggerMessage(4014, LogLevel.Warning, "A call of {Method} was refused because of its context: {Reason}")]
    public static partial void ContextRefused(ILogger logger, string method, string reason);

    [LoggerMessage(4015, LogLevel.Error,
        "What was registered with the cancellation token of transaction {Id} failed when its coordinator ended it.")]
    public static partial void CancellationFailed(ILogger logger, Exception failure, TransactionId id);

    [LoggerMessage(4016, LogLevel.Debug, "The stream to coordinator '{Name}' at {Address} is open.")]
    public static partial void CoordinatorConnected(ILogger logger, string name, Uri address);

    [LoggerMessage(4017, LogLevel.Warning,
        "The stream to the coordinator at {Address} broke ({Reason}) with {Unanswered} requests unanswered; what was sent is unknown and asked for with Resolve, and the next request connects again.")]
    public static partial void CoordinatorBroke(ILogger logger, Uri address, string reason, int unanswered);
}
