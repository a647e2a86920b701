using System.Diagnostics;
using Npgsql;
using Transactions.LocalPostgres.Choosing;
using Transactions.LocalPostgres.Processes;

namespace Transactions.LocalPostgres.Binaries;

/// <summary>A server run from programs on this machine, under a <see cref="Guardian"/>.</summary>
internal sealed class BinaryServer : IBackend
{
    private const int FirstStarts = 5;
    private static readonly TimeSpan RestartLimit = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan FolderTakenLimit = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan EndToldLimit = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan RestartPause = TimeSpan.FromMilliseconds(200);

    private readonly PostgresOptions _options;
    private readonly DataFolder _folder;
    private readonly Guardian _guardian;
    private int _port;

    private BinaryServer(PostgresPrograms programs, PostgresOptions options, DataFolder folder, Guardian guardian)
    {
        Name = programs.Origin;
        _options = options;
        _folder = folder;
        _guardian = guardian;
    }

    public string Name { get; }

    public bool IsOurs => true;

    public string Remains => _folder.Path;

    public string ConnectionString => new NpgsqlConnectionStringBuilder
    {
        Host = "127.0.0.1",
        Port = _port,
        Username = "postgres",
        Password = _folder.Password,
        Database = "postgres",
        // Nothing to encrypt on loopback, and asking would cost a round trip each.
        SslMode = SslMode.Disable,
        GssEncryptionMode = GssEncryptionMode.Disable,
    }.ConnectionString;

    /// <summary>The major version that the options or the data already there ask for; null where any will do.</summary>
    /// <exception cref="PostgresUnavailableException">The two differ.</exception>
    public static int? MajorVersion(PostgresOptions options)
    {
        int? stored = options.DataDirectory is null ? null : DataFolder.MajorVersionIn(options.DataDirectory);
        return stored is null || options.Version is null || stored == options.Version
            ? options.Version ?? stored
            : throw new PostgresUnavailableException(
                $"the data in {options.DataDirectory} are of PostgreSQL {stored}, not {options.Version}; choose another folder or version");
    }

    public static async Task<IBackend> StartAsync(PostgresPrograms programs, PostgresOptions options, CancellationToken cancellationToken)
    {
        ServerAccount account = ServerAccount.Choose();
        DataFolder folder = DataFolder.Open(options.DataDirectory, account);
        Guardian guardian = Guardian.Start(
            "server-guardian.sh",
            [folder.Path, folder.IsTemporary ? "remove" : "keep", programs.Folder, account.Owner, .. account.Prefix]);
        BinaryServer server = new(programs, options, folder, guardian);
        try
        {
            if (!folder.IsInitialised && await guardian.AskAsync("init", cancellationToken) != "done")
            {
                throw server.Failed("initdb failed");
            }

            await server.FirstStartAsync(cancellationToken);
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    public Task CreateDatabaseAsync(string name, CancellationToken cancellationToken) =>
        Probe.ExecuteAsync(ConnectionString, $"create database {Probe.Quoted(name)}", cancellationToken);

    public async Task KillAsync()
    {
        // A server that ended by itself, as one does that can't write its log, is as dead as one killed.
        bool wasKilled = await _guardian.AskAsync("kill") == "done";
        Task gone = wasKilled ? _guardian.Ended : _guardian.Ended.WaitAsync(EndToldLimit, TimeProvider.System);
        try
        {
            await gone;
        }
        catch (TimeoutException)
        {
            throw Failed("the server couldn't be killed");
        }
    }

    public async Task StartAgainAsync()
    {
        long startedAt = Stopwatch.GetTimestamp();
        while (!await TryStartAsync(CancellationToken.None))
        {
            // The port, or the killed server's shared memory, may be held for a moment.
            if (Stopwatch.GetElapsedTime(startedAt) > RestartLimit)
            {
                throw Failed($"the server didn't start again within {RestartLimit.TotalSeconds} s");
            }

            await Task.Delay(RestartPause, TimeProvider.System);
        }
    }

    public Task PauseAsync() => CommandAsync("pause");

    public Task ResumeAsync() => CommandAsync("resume");

    public ValueTask DisposeAsync() => _guardian.DisposeAsync();

    private async Task FirstStartAsync(CancellationToken cancellationToken)
    {
        long startedAt = Stopwatch.GetTimestamp();
        for (int attempt = 1; ; attempt++)
        {
            _port = FreePort.Find();
            if (await TryStartAsync(cancellationToken))
            {
                return;
            }

            string log = _folder.LogTail();
            bool portTaken = attempt < FirstStarts && log.Contains("could not bind", StringComparison.Ordinal);
            // The folder's last server may be about to end, if the process that started it was killed a moment ago.
            bool folderTaken = Stopwatch.GetElapsedTime(startedAt) < FolderTakenLimit && log.Contains("postmaster.pid", StringComparison.Ordinal);
            if (!portTaken && !folderTaken)
            {
                throw Failed("the server ended at its start");
            }

            await Task.Delay(RestartPause, TimeProvider.System, cancellationToken);
        }
    }

    private async Task<bool> TryStartAsync(CancellationToken cancellationToken)
    {
        await File.WriteAllTextAsync(
            Path.Combine(_folder.Data, "postgresql.conf"), ServerSettings.Text(_options, _port), cancellationToken);
        _folder.MarkLog();
        _guardian.ExpectStart();
        await CommandAsync("start", cancellationToken);

        // Whoever answers on the port must be the server of this folder.
        return await Probe.UntilAnsweringAsync(
            ConnectionString, "show data_directory", answer => answer == _folder.Data, _guardian.Ended, cancellationToken);
    }

    private async Task CommandAsync(string command, CancellationToken cancellationToken = default)
    {
        if (await _guardian.AskAsync(command, cancellationToken) != "done")
        {
            throw Failed($"the server didn't {command}");
        }
    }

    private PostgresUnavailableException Failed(string what) => new(
        $"{what} ({Name}); the end of its log:{Environment.NewLine}{_folder.LogTail()}");
}
