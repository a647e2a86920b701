using System.ComponentModel;
using System.Diagnostics;

namespace Transactions.LocalPostgres.Processes;

/// <summary>Runs a program to its end.</summary>
internal static class Tool
{
    /// <summary>What a program printed and how it ended.</summary>
    public sealed record Result(int ExitCode, string Output, string Errors)
    {
        public bool Succeeded => ExitCode == 0;

        public string Summary => $"exit code {ExitCode}: {(Errors.Length > 0 ? Errors : Output).Trim()}";
    }

    /// <summary>Runs <paramref name="command"/>, its first item the program; one that can't be started ends with 127.</summary>
    public static async Task<Result> RunAsync(IReadOnlyList<string> command, TimeSpan limit, CancellationToken cancellationToken)
    {
        using CancellationTokenSource limited = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limited.CancelAfter(limit);

        using Process process = new()
        {
            StartInfo = new ProcessStartInfo(command[0], command.Skip(1))
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            },
        };
        try
        {
            process.Start();
        }
        catch (Win32Exception e)
        {
            return new Result(127, "", e.Message);
        }

        process.StandardInput.Close();
        try
        {
            Task<string> output = process.StandardOutput.ReadToEndAsync(limited.Token);
            Task<string> errors = process.StandardError.ReadToEndAsync(limited.Token);
            await process.WaitForExitAsync(limited.Token);
            return new Result(process.ExitCode, await output, await errors);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            cancellationToken.ThrowIfCancellationRequested();
            return new Result(124, "", $"{command[0]} took longer than {limit.TotalSeconds} s");
        }
    }

    /// <summary>The full path of a program on <c>PATH</c>, or null.</summary>
    public static string? Find(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "")
        .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
        .Where(Path.IsPathFullyQualified)
        .Select(folder => Path.Combine(folder, program))
        .FirstOrDefault(File.Exists);
}
