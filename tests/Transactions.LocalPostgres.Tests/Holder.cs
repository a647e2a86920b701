using System.Diagnostics;
using System.Globalization;

namespace Transactions.LocalPostgres.Tests;

/// <summary>A process of its own that starts a server, says so, and then does nothing: made to be killed.</summary>
internal sealed class Holder : IAsyncDisposable
{
    public const string Verb = "hold";

    private readonly Process _process;

    private Holder(Process process, string remains, string connectionString)
    {
        _process = process;
        Remains = remains;
        ConnectionString = connectionString;
    }

    public string Remains { get; }

    public string ConnectionString { get; }

    /// <summary>What the process does: arguments are backend, major version or <c>any</c>,
    /// what to do with the server, and its data folder or nothing.</summary>
    public static async Task<int> RunAsync(string[] arguments)
    {
        try
        {
            PostgresOptions options = new()
            {
                Backend = Enum.Parse<PostgresBackend>(arguments[1]),
                Version = arguments[2] == "any" ? null : int.Parse(arguments[2], CultureInfo.InvariantCulture),
                DataDirectory = arguments[4].Length == 0 ? null : arguments[4],
            };
            PostgresServer server = await PostgresServer.StartAsync(options);
            switch (arguments[3])
            {
                case "pause":
                    await server.PauseAsync();
                    break;
                case "kill":
                    await server.KillAsync();
                    break;
            }

            Console.WriteLine(server.Remains);
            Console.WriteLine(server.ConnectionString());
        }
        catch (PostgresUnavailableException e)
        {
            await Console.Error.WriteLineAsync(e.Message);
            return 1;
        }

        await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System);
        return 0;
    }

    /// <summary>Starts such a process and waits until its server answers.</summary>
    public static async Task<Holder> StartAsync(
        PostgresBackend backend, int? version, string then, CancellationToken cancellationToken, string? dataDirectory = null)
    {
        Process process = Begin(backend, version, then, new Dictionary<string, string>(), dataDirectory);
        string? remains = await process.StandardOutput.ReadLineAsync(cancellationToken);
        string? connectionString = await process.StandardOutput.ReadLineAsync(cancellationToken);
        return connectionString is null
            ? throw new InvalidOperationException(await process.StandardError.ReadToEndAsync(cancellationToken))
            : new Holder(process, remains!, connectionString);
    }

    /// <summary>Starts such a process, which is expected to fail, and returns what it says.</summary>
    public static async Task<string> FailAsync(
        PostgresBackend backend, IReadOnlyDictionary<string, string> environment, CancellationToken cancellationToken)
    {
        using Process process = Begin(backend, version: null, then: "nothing", environment);
        string errors = await process.StandardError.ReadToEndAsync(cancellationToken);
        await process.WaitForExitAsync(cancellationToken);
        return errors;
    }

    /// <summary>Kills the process, and it alone, as <c>kill -9</c> does.</summary>
    public async Task KillAsync()
    {
        _process.Kill(entireProcessTree: false);
        await _process.WaitForExitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            await KillAsync();
        }

        _process.Dispose();
    }

    private static Process Begin(
        PostgresBackend backend, int? version, string then, IReadOnlyDictionary<string, string> environment, string? dataDirectory = null)
    {
        ProcessStartInfo start = new(
            Environment.ProcessPath!,
            [Verb, backend.ToString(), version?.ToString(CultureInfo.InvariantCulture) ?? "any", then, dataDirectory ?? ""])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach ((string name, string value) in environment)
        {
            start.Environment[name] = value;
        }

        return Process.Start(start)!;
    }
}
