using System.Diagnostics;
using System.Globalization;

namespace Transactions.LocalCluster;

/// <summary>One of our programs, run as a process of its own, that can be killed, paused and started again.</summary>
/// <remarks>
/// It ends with this process, however this one ends. What it prints goes to a log file. Not thread-safe: one at a time
/// starts and stops it.
/// </remarks>
public sealed class ServiceProcess : IAsyncDisposable
{
    private const string Announcement = "listening on ";
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(15);

    private readonly IReadOnlyList<string> _command;
    private readonly IReadOnlyDictionary<string, string> _settings;
    private readonly string _listenSetting;
    private readonly string _log;
    private readonly SemaphoreSlim _appending = new(1);
    private Process? _guardian;
    private TaskCompletionSource<Uri> _listening = new();
    private Task _reading = Task.CompletedTask;
    private int _processId;

    /// <summary>Describes a process; <see cref="StartAsync"/> starts it.</summary>
    /// <param name="name">For people, and for the log's name.</param>
    /// <param name="command">The program and its arguments.</param>
    /// <param name="settings">Its configuration, as environment variables (<c>Coordinator__Name</c>).</param>
    /// <param name="listenSetting">Which of them says where it listens, so that it comes back at the same address.</param>
    /// <param name="logFolder">Where its log goes.</param>
    public ServiceProcess(
        string name,
        IReadOnlyList<string> command,
        IReadOnlyDictionary<string, string> settings,
        string listenSetting,
        string logFolder)
    {
        (Name, _command, _settings, _listenSetting) = (name, command, settings, listenSetting);
        _log = Path.Combine(logFolder, name + ".log");
    }

    /// <summary>Its name.</summary>
    public string Name { get; }

    /// <summary>Where it listens; known once it has started, and the same after each restart.</summary>
    public Uri? Address { get; private set; }

    /// <summary>Whether it runs now.</summary>
    public bool IsRunning => _guardian is { HasExited: false };

    /// <summary>Where what it prints goes.</summary>
    public string LogFile => _log;

    /// <summary>Starts it, and waits until it says where it listens.</summary>
    /// <exception cref="ServiceFailedException">It ended, or said nothing in a minute; the message has the end of its log.</exception>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        _listening = new TaskCompletionSource<Uri>(TaskCreationOptions.RunContinuationsAsynchronously);
        ProcessStartInfo start = new("/bin/sh")
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
            ArgumentList = { "-c", ReadScript(), "sh" },
        };
        foreach (string argument in _command)
        {
            start.ArgumentList.Add(argument);
        }

        foreach ((string key, string value) in _settings)
        {
            start.Environment[key] = value;
        }

        start.Environment[_listenSetting] = Address?.ToString().TrimEnd('/') ?? "http://127.0.0.1:0";
        _guardian = Process.Start(start)!;
        _reading = Task.WhenAll(ReadOutputAsync(_guardian), CopyAsync(_guardian.StandardError));

        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(StartLimit);
        Task ended = _guardian.WaitForExitAsync(limit.Token);
        if (await Task.WhenAny(_listening.Task, ended) == ended)
        {
            cancellationToken.ThrowIfCancellationRequested();
            string what = _guardian.HasExited ? $"ended with exit code {_guardian.ExitCode}" : $"said nothing for {StartLimit.TotalSeconds} s";
            throw new ServiceFailedException($"{Name} {what}. The end of {_log}:\n{LogTail()}");
        }

        Address = await _listening.Task;
    }

    /// <summary>Kills it on the spot (SIGKILL), and waits until it is gone.</summary>
    public Task KillAsync() => EndAsync(Signals.Kill);

    /// <summary>Asks it to stop (SIGTERM), and kills it if it doesn't in 15 s.</summary>
    public Task StopAsync() => EndAsync(Signals.Terminate);

    /// <summary>Stops it in its tracks (SIGSTOP) until <see cref="Resume"/>.</summary>
    public void Pause() => Signals.TrySend(_processId, Signals.Stop);

    /// <summary>Lets it go on after <see cref="Pause"/> (SIGCONT).</summary>
    public void Resume() => Signals.TrySend(_processId, Signals.Continue);

    /// <summary>The last lines of what it printed.</summary>
    public string LogTail(int lines = 25) =>
        File.Exists(_log) ? string.Join('\n', File.ReadLines(_log).TakeLast(lines)) : "(nothing)";

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _guardian?.Dispose();
    }

    private async Task EndAsync(int signal)
    {
        if (_guardian is not { HasExited: false } guardian)
        {
            return;
        }

        Signals.TrySend(_processId, Signals.Continue);
        Signals.TrySend(_processId, signal);
        using CancellationTokenSource limit = new();
        limit.CancelAfter(StopLimit);
        try
        {
            await guardian.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            // The guardian kills it when its standard input ends.
            guardian.StandardInput.Close();
            await guardian.WaitForExitAsync(CancellationToken.None);
        }

        await _reading;
    }

    private async Task ReadOutputAsync(Process guardian)
    {
        while (await guardian.StandardOutput.ReadLineAsync() is { } line)
        {
            if (line.StartsWith("pid ", StringComparison.Ordinal) && !_listening.Task.IsCompleted)
            {
                _processId = int.Parse(line.AsSpan(4), CultureInfo.InvariantCulture);
            }
            else if (line.StartsWith(Announcement, StringComparison.Ordinal))
            {
                _listening.TrySetResult(new Uri(line[Announcement.Length..]));
            }
            else
            {
                await AppendAsync(line);
            }
        }
    }

    private async Task CopyAsync(StreamReader from)
    {
        while (await from.ReadLineAsync() is { } line)
        {
            await AppendAsync(line);
        }
    }

    private async Task AppendAsync(string line)
    {
        await _appending.WaitAsync();
        try
        {
            await File.AppendAllTextAsync(_log, line + '\n');
        }
        finally
        {
            _appending.Release();
        }
    }

    private static string ReadScript()
    {
        using StreamReader reader = new(typeof(ServiceProcess).Assembly.GetManifestResourceStream("process-guardian.sh")!);
        return reader.ReadToEnd();
    }
}
