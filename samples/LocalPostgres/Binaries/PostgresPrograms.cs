using System.Text.RegularExpressions;
using Transactions.LocalPostgres.Processes;

namespace Transactions.LocalPostgres.Binaries;

/// <summary>A folder with <c>initdb</c> and <c>postgres</c>, proved to run.</summary>
internal sealed partial record PostgresPrograms(string Folder, int Major, string Origin)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    /// <summary>Runs the server program for its version, as the user whom the server will have.</summary>
    /// <returns>The programs, or why they can't be used.</returns>
    public static async Task<(PostgresPrograms? Programs, string? Reason)> TryAsync(
        string folder, string origin, ServerAccount account, CancellationToken cancellationToken)
    {
        foreach (string program in (string[])["initdb", "postgres"])
        {
            if (!File.Exists(Path.Combine(folder, program)))
            {
                return (null, $"{folder} has no {program}");
            }
        }

        Tool.Result result = await Tool.RunAsync(
            [.. account.Prefix, Path.Combine(folder, "postgres"), "--version"], Limit, cancellationToken);
        if (!result.Succeeded)
        {
            return (null, $"{folder}/postgres doesn't run{account.As}: {result.Summary}");
        }

        Match version = MajorVersion().Match(result.Output);
        return version.Success
            ? (new PostgresPrograms(folder, int.Parse(version.ValueSpan), origin), null)
            : (null, $"{folder}/postgres has no version that could be read: {result.Output.Trim()}");
    }

    [GeneratedRegex(@"(?<=\(PostgreSQL\) )\d+")]
    private static partial Regex MajorVersion();
}
