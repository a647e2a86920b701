using Microsoft.Extensions.Logging;
using Transactions.Clocks;
using Transactions.Model;

namespace Transactions.Participant.Server;

internal static partial class Log
{
    [LoggerMessage(2001, LogLevel.Information, "Shard {Owner} is owned and served here; {Prepared} transactions were found prepared")]
    public static partial void Serving(ILogger logger, ShardGeneration owner, int prepared);

    [LoggerMessage(2002, LogLevel.Information,
        "Shard {Shard} is owned by {Owner} (generation {Generation}) until {LeaseUntil}; waiting for that lease to pass")]
    public static partial void WaitingForLease(ILogger logger, ShardId shard, Generation generation, string owner, Timestamp leaseUntil);

    [LoggerMessage(2003, LogLevel.Warning, "Shard {Owner} has another owner now; this process serves it no more")]
    public static partial void Fenced(ILogger logger, ShardGeneration owner);

    [LoggerMessage(2004, LogLevel.Warning,
        "Shard {Shard}: PostgreSQL gave no clear answer for {Transactions} transactions ({Reason}); raising the epoch and reading what happened before anything else is written")]
    public static partial void Ambiguity(ILogger logger, ShardId shard, int transactions, string reason);

    [LoggerMessage(2005, LogLevel.Warning, "Shard {Shard}: {What} failed: {Reason}")]
    public static partial void StorageFailing(ILogger logger, ShardId shard, string what, string reason);

    [LoggerMessage(2006, LogLevel.Debug, "Shard {Shard}: transaction {Victim} lost its locks to the older {By} over {Lock}")]
    public static partial void Wounded(ILogger logger, ShardId shard, TransactionId victim, TransactionId by, string @lock);

    [LoggerMessage(2007, LogLevel.Warning,
        "Shard {Shard}: transaction {Id} is prepared and its coordinator {Home} doesn't answer; asking any coordinator")]
    public static partial void InDoubt(ILogger logger, ShardId shard, TransactionId id, CoordinatorId home);

    [LoggerMessage(2008, LogLevel.Debug, "Shard {Shard}: transaction {Id} {Outcome}")]
    public static partial void Ended(ILogger logger, ShardId shard, TransactionId id, Outcome outcome);

    [LoggerMessage(2009, LogLevel.Information, "Shard {Shard}: the clock is healthy")]
    public static partial void ClockHealthy(ILogger logger, ShardId shard);

    [LoggerMessage(2010, LogLevel.Error, "Shard {Shard}: the clock is unhealthy, so no timestamp is chosen: {Reason}")]
    public static partial void ClockUnhealthy(ILogger logger, ShardId shard, string reason);

    [LoggerMessage(2101, LogLevel.Information, "Connected to coordinator {Coordinator} at {Endpoint}")]
    public static partial void CoordinatorConnected(ILogger logger, CoordinatorId coordinator, Uri endpoint);

    [LoggerMessage(2102, LogLevel.Warning, "Lost coordinator {Coordinator} at {Endpoint}: {Reason}")]
    public static partial void CoordinatorLost(ILogger logger, CoordinatorId coordinator, Uri endpoint, string reason);

    [LoggerMessage(2103, LogLevel.Warning, "Can't reach the coordinator at {Endpoint} ({Reason}); trying again in {Delay}")]
    public static partial void CoordinatorUnreachable(ILogger logger, Uri endpoint, string reason, TimeSpan delay);

    [LoggerMessage(2104, LogLevel.Error, "A request on a Store stream failed unexpectedly; its client was answered INTERNAL")]
    public static partial void RequestFailed(ILogger logger, Exception reason);

    [LoggerMessage(2105, LogLevel.Warning, "The Store stream of {Peer} was cut off: it doesn't read, and {Most} replies, or 256 MiB of them, wait for it")]
    public static partial void StoreStreamCutOff(ILogger logger, string peer, int most);

    [LoggerMessage(2201, LogLevel.Information, "Participant {Identity} answers at {Endpoint}, with shards {Shards}")]
    public static partial void Starting(ILogger logger, string identity, string endpoint, string shards);

    [LoggerMessage(2202, LogLevel.Critical, "The participant can't start, and the process ends: {Reason}")]
    public static partial void CantStart(ILogger logger, string reason);

    [LoggerMessage(2203, LogLevel.Information, "Handing back shards {Shards}")]
    public static partial void HandingBack(ILogger logger, string shards);
}
