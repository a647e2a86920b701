using Npgsql;
using Transactions.LocalPostgres.Choosing;

namespace Transactions.LocalPostgres;

/// <summary>A PostgreSQL server for a sample or a test: started here, gone with its disposal or with this process.</summary>
/// <remarks>Thread-safe: kill, start, pause, resume and dispose run one after another.</remarks>
public sealed class PostgresServer : IAsyncDisposable
{
    private readonly SemaphoreSlim _gate = new(1, 1);
    private readonly IBackend _backend;
    private State _state = State.Running;

    private PostgresServer(IBackend backend, string description)
    {
        _backend = backend;
        Description = description;
    }

    /// <summary>Which backend was taken, and the server's <c>version()</c>.</summary>
    public string Description { get; }

    /// <summary>Whether the server was started here, so that it may be killed and paused.</summary>
    public bool IsOurs => _backend.IsOurs;

    internal string Remains => _backend.Remains;

    /// <summary>Starts a server as the options ask.</summary>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    /// <exception cref="PostgresUnavailableException">None could be started; the message lists everything tried.</exception>
    public static async Task<PostgresServer> StartAsync(PostgresOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();

        IBackend backend = await BackendChooser.StartAsync(options, cancellationToken);
        try
        {
            string version = await Probe.VersionAsync(backend.ConnectionString, cancellationToken);
            string description = $"{backend.Name}: {version}";
            options.Log?.Invoke("PostgreSQL from " + description);
            return new PostgresServer(backend, description);
        }
        catch (NpgsqlException e)
        {
            await backend.DisposeAsync();
            throw new PostgresUnavailableException($"{backend.Name} doesn't answer: {e.Message}", e);
        }
        catch
        {
            await backend.DisposeAsync();
            throw;
        }
    }

    /// <summary>How to reach a database of the server. Ask again after <see cref="StartAgainAsync"/>: a container's port changes.</summary>
    public string ConnectionString(string database = "postgres") =>
        new NpgsqlConnectionStringBuilder(_backend.ConnectionString) { Database = database }.ConnectionString;

    /// <summary>Creates an empty database and returns the connection string for it.</summary>
    /// <exception cref="PostgresException">A database of that name exists (42P04), or the user may not create one.</exception>
    public async Task<string> CreateDatabaseAsync(string name, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        await _backend.CreateDatabaseAsync(name, cancellationToken);
        return ConnectionString(name);
    }

    /// <summary>Kills every process of the server at once, as a crash would. What was committed is kept.</summary>
    /// <remarks>One that had ended by itself counts as killed from then on.</remarks>
    /// <exception cref="InvalidOperationException">The server isn't ours, or was killed before.</exception>
    public Task KillAsync() => MoveAsync("kill", [State.Running, State.Paused], _backend.KillAsync, State.Killed);

    /// <summary>Starts a killed server again and waits until it answers.</summary>
    /// <exception cref="InvalidOperationException">The server wasn't killed.</exception>
    /// <exception cref="PostgresUnavailableException">It doesn't start; the message holds the end of its log.</exception>
    public Task StartAgainAsync() => MoveAsync("start", [State.Killed], _backend.StartAgainAsync, State.Running);

    /// <summary>Freezes the server: connections stay open, nothing is answered.</summary>
    /// <exception cref="InvalidOperationException">The server isn't ours, or isn't running.</exception>
    public Task PauseAsync() => MoveAsync("pause", [State.Running], _backend.PauseAsync, State.Paused);

    /// <summary>Lets a paused server go on where it was.</summary>
    /// <exception cref="InvalidOperationException">The server isn't paused.</exception>
    public Task ResumeAsync() => MoveAsync("resume", [State.Paused], _backend.ResumeAsync, State.Running);

    /// <summary>Stops the server and deletes its data, unless they are in a folder that the options named.</summary>
    public async ValueTask DisposeAsync()
    {
        await _gate.WaitAsync();
        try
        {
            if (_state != State.Gone)
            {
                _state = State.Gone;
                await _backend.DisposeAsync();
            }
        }
        finally
        {
            _gate.Release();
        }
    }

    private async Task MoveAsync(string verb, State[] from, Func<Task> move, State to)
    {
        if (!IsOurs)
        {
            throw new InvalidOperationException(
                $"Can't {verb} a server that was given by its connection string; choose another backend ({PostgresOptions.Variable}=auto).");
        }

        await _gate.WaitAsync();
        try
        {
            if (!from.Contains(_state))
            {
                throw new InvalidOperationException($"Can't {verb} the server: it is {_state}.");
            }

            await move();
            _state = to;
        }
        finally
        {
            _gate.Release();
        }
    }

    private enum State
    {
        Running,
        Paused,
        Killed,
        Gone,
    }
}
