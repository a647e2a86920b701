using System.Security.Cryptography;
using Docker.DotNet.Models;
using DotNet.Testcontainers.Containers;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Testcontainers.PostgreSql;
using Transactions.LocalPostgres.Choosing;
using Transactions.LocalPostgres.Processes;

namespace Transactions.LocalPostgres.Containers;

/// <summary>A server in a container of the official image.</summary>
internal sealed class PostgresContainer : IBackend
{
    private const string Loopback = "127.0.0.1";

    private readonly PostgreSqlContainer _container;
    private readonly DockerEndpoint _docker;
    private readonly Guardian? _guardian;
    private bool _isPaused;

    private PostgresContainer(PostgreSqlContainer container, string name, string image, DockerEndpoint docker, Guardian? guardian)
    {
        _container = container;
        _docker = docker;
        _guardian = guardian;
        Remains = name;
        Name = $"Docker ({image})";
    }

    public string Name { get; }

    public bool IsOurs => true;

    public string Remains { get; }

    public string ConnectionString => new NpgsqlConnectionStringBuilder(_container.GetConnectionString())
    {
        Host = IsOnLoopback(_docker) ? Loopback : _container.Hostname,
        Database = "postgres",
        SslMode = SslMode.Disable,
        GssEncryptionMode = GssEncryptionMode.Disable,
    }.ConnectionString;

    public static async Task<IBackend> StartAsync(
        string name, string image, PostgresOptions options, DockerEndpoint docker, Guardian? guardian, CancellationToken cancellationToken)
    {
        PostgreSqlContainer container = new PostgreSqlBuilder(image)
            .WithName(name)
            .WithDatabase("postgres")
            .WithUsername("postgres")
            .WithPassword(RandomNumberGenerator.GetHexString(32))
            .WithEnvironment("POSTGRES_INITDB_ARGS", "--no-sync --encoding=UTF8 --locale=C")
            .WithCommand(Arguments(options))
            .WithCreateParameterModifier(parameters => OnLoopbackOnly(parameters, docker))
            .WithLogger(NullLogger.Instance)
            .Build();
        PostgresContainer server = new(container, name, image, docker, guardian);
        try
        {
            await container.StartAsync(cancellationToken);
            await server.UntilAnsweringAsync(cancellationToken);
            return server;
        }
        catch (Exception e) when (e is not (OperationCanceledException or PostgresUnavailableException))
        {
            await container.DisposeAsync();
            throw new PostgresUnavailableException($"a container of {image} didn't start: {e.Message}", e);
        }
        catch
        {
            await container.DisposeAsync();
            throw;
        }
    }

    public Task CreateDatabaseAsync(string name, CancellationToken cancellationToken) =>
        Probe.ExecuteAsync(ConnectionString, $"create database {Probe.Quoted(name)}", cancellationToken);

    public async Task KillAsync()
    {
        // An engine may refuse to kill what is frozen.
        await ResumeIfPausedAsync();
        await _docker.KillAsync(_container.Id);
    }

    public async Task StartAgainAsync()
    {
        await _container.StartAsync();
        await UntilAnsweringAsync(CancellationToken.None);
    }

    public async Task PauseAsync()
    {
        await _container.PauseAsync();
        _isPaused = true;
    }

    public Task ResumeAsync() => ResumeIfPausedAsync();

    public async ValueTask DisposeAsync()
    {
        await ResumeIfPausedAsync();
        await _container.DisposeAsync();
        if (_guardian is not null)
        {
            await _guardian.AskAsync("deleted");
            await _guardian.DisposeAsync();
        }

        _docker.Dispose();
    }

    private async Task ResumeIfPausedAsync()
    {
        if (_isPaused)
        {
            await _container.UnpauseAsync();
            _isPaused = false;
        }
    }

    private async Task UntilAnsweringAsync(CancellationToken cancellationToken)
    {
        Task ended = new TaskCompletionSource().Task;
        await Probe.UntilAnsweringAsync(ConnectionString, "select 'here'", _ => true, ended, cancellationToken);
    }

    private static string[] Arguments(PostgresOptions options)
    {
        // Testcontainers turns durability off; the last of several arguments counts.
        Dictionary<string, string> settings = new(StringComparer.OrdinalIgnoreCase)
        {
            ["synchronous_commit"] = "on",
            ["fsync"] = options.Durable ? "on" : "off",
            ["full_page_writes"] = options.Durable ? "on" : "off",
        };
        foreach ((string name, string value) in options.Settings)
        {
            settings[name] = value;
        }

        return [.. settings.SelectMany(setting => (string[])["-c", $"{setting.Key}={setting.Value}"])];
    }

    // Docker would publish the port on every address of this machine.
    private static void OnLoopbackOnly(CreateContainerParameters parameters, DockerEndpoint docker)
    {
        if (!IsOnLoopback(docker))
        {
            return;
        }

        foreach (PortBinding binding in parameters.HostConfig?.PortBindings?.Values.SelectMany(bindings => bindings) ?? [])
        {
            binding.HostIP = Loopback;
        }
    }

    // Whoever runs in a container beside the engine says so with Testcontainers' own variable: a file such as /.dockerenv,
    // by which Testcontainers would guess, also stands on machines that were made from an image.
    private static bool IsOnLoopback(DockerEndpoint docker) =>
        docker.IsLocal && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("TESTCONTAINERS_HOST_OVERRIDE"));
}
