using System.Diagnostics;
using System.Threading.Channels;

namespace Transactions.LocalPostgres.Processes;

/// <summary>A small shell that outlives this process just long enough to clear up after it.</summary>
/// <remarks>
/// The shell reads commands from a pipe that only this process writes to. When this process ends, however it ends, the
/// kernel closes the pipe and the shell stops what it guards. (A signal on the parent's death follows the thread that
/// started the child, and .NET's threads come and go.) It answers each command with one line.
/// </remarks>
internal sealed class Guardian : IAsyncDisposable
{
    private static readonly TimeSpan CommandLimit = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly Channel<string> _replies = Channel.CreateUnbounded<string>();
    private readonly Task _reading;
    private TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private Guardian(Process process)
    {
        _process = process;
        _reading = ReadAsync();
    }

    /// <summary>Completes when the guarded thing, once started, has ended altogether.</summary>
    public Task Ended => _ended.Task;

    /// <summary>Whether this system has what a guardian needs.</summary>
    public static bool IsSupported => !OperatingSystem.IsWindows() && Tool.Find("sh") is not null;

    /// <summary>Starts the script of this assembly that has the given name.</summary>
    public static Guardian Start(string scriptName, params IEnumerable<string> arguments)
    {
        using Stream script = typeof(Guardian).Assembly.GetManifestResourceStream(scriptName)
            ?? throw new InvalidOperationException($"{scriptName} is missing from the assembly.");
        using StreamReader reader = new(script);

        // In a session of its own, so that Ctrl+C in a terminal reaches this process alone and the order of stopping is ours.
        string[] session = Tool.Find("setsid") is { } setsid ? [setsid] : [];
        string[] command = [.. session, "sh", "-c", reader.ReadToEnd(), "guardian", .. arguments];
        Process process = new()
        {
            StartInfo = new ProcessStartInfo(command[0], command.Skip(1))
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                // So that no folder is held that somebody wants to delete.
                WorkingDirectory = "/",
            },
        };
        process.Start();
        return new Guardian(process);
    }

    /// <summary>Sends a command and returns the answer.</summary>
    /// <exception cref="PostgresUnavailableException">The guardian is gone, or didn't answer in time.</exception>
    public async Task<string> AskAsync(string command, CancellationToken cancellationToken = default)
    {
        try
        {
            await _process.StandardInput.WriteLineAsync(command.AsMemory(), cancellationToken);
            await _process.StandardInput.FlushAsync(cancellationToken);
            return await _replies.Reader.ReadAsync(cancellationToken).AsTask().WaitAsync(CommandLimit, TimeProvider.System, cancellationToken);
        }
        catch (Exception e) when (e is IOException or ChannelClosedException or TimeoutException)
        {
            throw new PostgresUnavailableException($"the shell that guards the server didn't carry out '{command}'", e);
        }
    }

    /// <summary>Begins anew to wait for the end of what a following command starts.</summary>
    public void ExpectStart() => _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Closes the pipe, upon which the shell clears up and ends.</summary>
    public async ValueTask DisposeAsync()
    {
        try
        {
            _process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It is gone already; there is nothing left to tell it.
        }

        await _process.WaitForExitAsync();
        await _reading;
        _process.Dispose();
    }

    private async Task ReadAsync()
    {
        while (await _process.StandardOutput.ReadLineAsync() is { } line)
        {
            if (line == "ended")
            {
                _ended.TrySetResult();
            }
            else
            {
                _replies.Writer.TryWrite(line);
            }
        }

        _ended.TrySetResult();
        _replies.Writer.TryComplete();
    }
}
