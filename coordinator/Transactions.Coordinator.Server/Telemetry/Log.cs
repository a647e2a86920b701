using Transactions.Model;

namespace Transactions.Coordinator.Server;

internal static partial class Log
{
    [LoggerMessage(1101, LogLevel.Information, "Coordinator {Coordinator} of cluster {Cluster} is starting; it is opening its decision log")]
    public static partial void Starting(ILogger logger, CoordinatorId coordinator, string cluster);

    [LoggerMessage(1102, LogLevel.Warning,
        "The decision log can't be opened yet ({Reason}); nothing is served until it is. Next attempt in {Delay}. Check that its PostgreSQL runs and that Coordinator:ConnectionString reaches it")]
    public static partial void LogNotReachedYet(ILogger logger, string reason, TimeSpan delay);

    [LoggerMessage(1103, LogLevel.Information, "Coordinator {Coordinator} serves")]
    public static partial void Serving(ILogger logger, CoordinatorId coordinator);

    [LoggerMessage(1104, LogLevel.Critical, "The coordinator can't start, and waiting won't help. Nothing was changed. {Message}")]
    public static partial void CannotStart(ILogger logger, Exception reason, string message);

    [LoggerMessage(1105, LogLevel.Information, "Stopping: new transactions are refused, and {Open} open ones are waited for")]
    public static partial void Stopping(ILogger logger, int open);

    [LoggerMessage(1106, LogLevel.Information, "Stopped; all that was under way has ended")]
    public static partial void Stopped(ILogger logger);

    [LoggerMessage(1107, LogLevel.Warning,
        "Stopped with {Open} transactions open and {Queued} decisions on their way to the log. None is lost: callers ask with Resolve, prepared shards ask any coordinator")]
    public static partial void StoppedUndrained(ILogger logger, int open, int queued);

    [LoggerMessage(1110, LogLevel.Error,
        "The decision log doesn't answer ({Reason}). Commits wait, and callers are told to ask again; nothing is lost. Check PostgreSQL: is it up, reachable, out of disk or connections?")]
    public static partial void LogIsLost(ILogger logger, string reason);

    [LoggerMessage(1111, LogLevel.Information, "The decision log answers again")]
    public static partial void LogIsBack(ILogger logger);

    [LoggerMessage(1112, LogLevel.Warning,
        "PostgreSQL gave no clear answer to a commit of {Transactions} decisions: each will be ended as the log then says, or aborted")]
    public static partial void RecordingAmbiguous(ILogger logger, int transactions);

    [LoggerMessage(1113, LogLevel.Warning,
        "Transaction {Transaction} is committed, and shard {Shard} hasn't applied it after many repeats. It holds its locks there. Is the shard's participant connected, and does its PostgreSQL answer?")]
    public static partial void OutcomeUndelivered(ILogger logger, TransactionId transaction, ShardId shard);

    [LoggerMessage(1114, LogLevel.Error,
        "The clock is unhealthy, so no timestamp is chosen: Commits, Begins and read timestamps are refused. {Message}")]
    public static partial void ClockIsUnhealthy(ILogger logger, string message);

    [LoggerMessage(1115, LogLevel.Information, "The clock is healthy again")]
    public static partial void ClockIsHealthyAgain(ILogger logger);

    [LoggerMessage(1116, LogLevel.Debug, "Transaction {Transaction} ended: {Outcome}, {Shards} shards")]
    public static partial void Decided(ILogger logger, TransactionId transaction, Outcome outcome, int shards);

    [LoggerMessage(1120, LogLevel.Information, "Participant {Participant} connected, from {Peer}, with {Shards} shards")]
    public static partial void ParticipantConnected(ILogger logger, string participant, string peer, int shards);

    [LoggerMessage(1121, LogLevel.Information, "Participant {Participant} disconnected; what was on its way to it is unknown and will be asked again")]
    public static partial void ParticipantDisconnected(ILogger logger, string participant);

    [LoggerMessage(1122, LogLevel.Warning, "A stream from {Peer} was refused: {Message}")]
    public static partial void StreamRefused(ILogger logger, string peer, string message);

    [LoggerMessage(1123, LogLevel.Warning, "The stream of participant {Participant} was broken: {Message}")]
    public static partial void StreamBroken(ILogger logger, string participant, string message);

    [LoggerMessage(1124, LogLevel.Debug, "Client {Client} connected, from {Peer}")]
    public static partial void ClientConnected(ILogger logger, string client, string peer);

    [LoggerMessage(1125, LogLevel.Debug, "Client {Client} disconnected; what wasn't answered is unknown to it, and it asks with Resolve")]
    public static partial void ClientDisconnected(ILogger logger, string client);

    [LoggerMessage(1126, LogLevel.Warning, "The stream of client {Client} was broken: {Message}")]
    public static partial void ClientStreamBroken(ILogger logger, string client, string message);

    [LoggerMessage(1127, LogLevel.Error,
        "A {Request} on the stream of client {Client} failed; it was answered INTERNAL, which says nothing of its transaction")]
    public static partial void RequestFailed(ILogger logger, Exception failure, string request, string client);
}
