using System.Diagnostics;
using Transactions.LocalPostgres.Processes;
using Xunit;

namespace Transactions.LocalPostgres.Tests;

/// <summary>Looks for what a server may leave behind.</summary>
internal static class Leftovers
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan ToolLimit = TimeSpan.FromSeconds(30);

    /// <summary>Fails unless folder, processes and container are gone within the limit.</summary>
    public static async Task AssertNoneAsync(string remains, TimeSpan limit, CancellationToken cancellationToken)
    {
        long startedAt = Stopwatch.GetTimestamp();
        while (await FindAsync(remains, cancellationToken) is { } left)
        {
            Assert.True(Stopwatch.GetElapsedTime(startedAt) < limit, $"after {limit.TotalSeconds} s there is still {left}");
            await Task.Delay(Pause, TimeProvider.System, cancellationToken);
        }
    }

    public static bool IsRunning(string remains) => ProcessesNaming(remains).Any();

    private static async Task<string?> FindAsync(string remains, CancellationToken cancellationToken)
    {
        Assert.NotEmpty(remains);
        if (Path.IsPathFullyQualified(remains))
        {
            return Directory.Exists(remains) ? $"the folder {remains}"
                : ProcessesNaming(remains).FirstOrDefault() is { } process ? $"the process {process}"
                : null;
        }

        Tool.Result containers = await Tool.RunAsync(
            ["docker", "ps", "--all", "--quiet", "--filter", $"name={remains}"], ToolLimit, cancellationToken);
        Assert.True(containers.Succeeded, containers.Summary);
        return containers.Output.Length > 0 ? $"the container {remains}"
            : ProcessesNaming(remains).FirstOrDefault() is { } guardian ? $"the process {guardian}"
            : null;
    }

    private static IEnumerable<string> ProcessesNaming(string text)
    {
        foreach (string folder in Directory.EnumerateDirectories("/proc").Where(folder => char.IsAsciiDigit(Path.GetFileName(folder)[0])))
        {
            string command;
            try
            {
                command = File.ReadAllText(Path.Combine(folder, "cmdline"));
            }
            catch (IOException)
            {
                // It ended while we looked.
                continue;
            }

            if (command.Contains(text, StringComparison.Ordinal))
            {
                yield return $"{Path.GetFileName(folder)} {command.Replace('\0', ' ')}";
            }
        }
    }
}
