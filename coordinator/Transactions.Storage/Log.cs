using Microsoft.Extensions.Logging;

namespace Transactions.Storage;

internal static partial class Log
{
    [LoggerMessage(1001, LogLevel.Warning,
        "PostgreSQL at {Host}:{Port}, database '{Database}', can't be used yet ({Reason}); trying again in {Pause}.")]
    public static partial void PostgresUnreachable(
        ILogger logger, string? host, int port, string? database, string? reason, TimeSpan pause);

    [LoggerMessage(1002, LogLevel.Information, "Ran the migration {Script}.")]
    public static partial void Migrated(ILogger logger, string script);
}
