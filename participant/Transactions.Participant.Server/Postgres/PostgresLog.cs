using Microsoft.Extensions.Logging;
using Transactions.Model;

namespace Transactions.Participant.Server.Postgres;

internal static partial class PostgresLog
{
    [LoggerMessage(2901, LogLevel.Warning,
        "Asked PostgreSQL to end server process {Process}, which held up shard {Shard} with a write of an old owner or a lost "
        + "connection (signalled: {Signalled}).")]
    public static partial void Terminated(ILogger logger, ShardId shard, int process, bool signalled);

    [LoggerMessage(2902, LogLevel.Warning, "Couldn't end the writes that hold up shard {Shard}: {Reason}")]
    public static partial void TerminateFailed(ILogger logger, ShardId shard, string reason);

    [LoggerMessage(2904, LogLevel.Warning,
        "PostgreSQL was lost while the schema for shard {Shard} was brought up to date ({Reason}); trying again in {Delay}.")]
    public static partial void LostWhileMigrating(ILogger logger, ShardId shard, string reason, TimeSpan delay);

    [LoggerMessage(2903, LogLevel.Warning, "Couldn't delete all that shard {Shard} no longer needs ({Reason}); it is tried again later.")]
    public static partial void PruningPaused(ILogger logger, ShardId shard, string reason);
}
