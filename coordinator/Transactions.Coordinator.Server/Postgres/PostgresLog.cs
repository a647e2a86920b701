using Microsoft.Extensions.Logging;

namespace Transactions.Coordinator.Server.Postgres;

internal static partial class PostgresLog
{
    [LoggerMessage(1901, LogLevel.Warning, "Couldn't delete all old decisions ({Reason}); it is tried again later.")]
    public static partial void PruningPaused(ILogger logger, string reason);
}
