using System.Globalization;
using Transactions.LocalPostgres.Processes;

namespace Transactions.LocalPostgres.Binaries;

/// <summary>Finds the PostgreSQL programs of this machine.</summary>
internal static class InstalledBinaries
{
    /// <summary>The environment variable that names the folder of <c>initdb</c> and <c>postgres</c>; nothing else is looked at then.</summary>
    public const string Variable = "TRANSACTIONS_POSTGRES_BIN";

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    /// <summary>The first usable programs of the major version asked for, or of any that the project supports.</summary>
    /// <exception cref="PostgresUnavailableException">There are none; the message says what was looked at.</exception>
    public static async Task<PostgresPrograms> FindAsync(int? major, CancellationToken cancellationToken)
    {
        ServerAccount account = ServerAccount.Choose();
        List<string> reasons = [];
        foreach (string folder in await FoldersAsync(cancellationToken))
        {
            (PostgresPrograms? programs, string? reason) = await PostgresPrograms.TryAsync(folder, $"installed in {folder}", account, cancellationToken);
            if (programs is not null && (major is null ? programs.Major >= PostgresOptions.OldestVersion : programs.Major == major))
            {
                return programs;
            }

            reasons.Add(reason ?? $"{folder} has version {programs!.Major}");
        }

        string wanted = major is null ? $"{PostgresOptions.OldestVersion} or later" : $"{major}";
        throw new PostgresUnavailableException(
            $"no installed PostgreSQL {wanted}: " + (reasons.Count == 0
                ? $"none in {Variable}, on PATH, under /usr/lib/postgresql, by pg_config or from Homebrew"
                : string.Join("; ", reasons)));
    }

    private static async Task<IReadOnlyList<string>> FoldersAsync(CancellationToken cancellationToken)
    {
        if (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } named)
        {
            return [named];
        }

        List<string> folders = [];
        if (Tool.Find("pg_ctl") is { } onPath)
        {
            // A link on PATH leads to the folder where all programs are.
            string target = File.ResolveLinkTarget(onPath, returnFinalTarget: true)?.FullName ?? onPath;
            folders.Add(Path.GetDirectoryName(target)!);
        }

        folders.AddRange(NewestFirst("/usr/lib/postgresql", "*"));
        if (Tool.Find("pg_config") is { } config)
        {
            Tool.Result answer = await Tool.RunAsync([config, "--bindir"], Limit, cancellationToken);
            if (answer.Succeeded)
            {
                folders.Add(answer.Output.Trim());
            }
        }

        folders.AddRange(NewestFirst("/opt/homebrew/opt", "postgresql@*"));
        folders.AddRange(NewestFirst("/usr/local/opt", "postgresql@*"));
        return [.. folders.Distinct()];
    }

    private static IEnumerable<string> NewestFirst(string parent, string pattern) =>
        !Directory.Exists(parent)
            ? []
            : Directory.GetDirectories(parent, pattern)
                .OrderByDescending(folder => MajorIn(Path.GetFileName(folder)))
                .Select(folder => Path.Combine(folder, "bin"))
                .Where(Directory.Exists);

    private static int MajorIn(string name) =>
        int.TryParse(name.AsSpan(name.IndexOf('@', StringComparison.Ordinal) + 1), CultureInfo.InvariantCulture, out int major) ? major : 0;
}
