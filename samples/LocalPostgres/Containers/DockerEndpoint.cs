using System.IO.Pipes;
using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json;

namespace Transactions.LocalPostgres.Containers;

/// <summary>The few requests to a Docker engine that must come before Testcontainers loads, or that it lacks.</summary>
internal sealed class DockerEndpoint : IDisposable
{
    private const string DefaultSocket = "/var/run/docker.sock";
    private static readonly TimeSpan ProbeLimit = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan PullLimit = TimeSpan.FromMinutes(3);

    private readonly HttpClient _http;

    private DockerEndpoint(Uri address)
    {
        Address = address;
        _http = new HttpClient(new SocketsHttpHandler { ConnectCallback = address.Scheme == "tcp" ? null : ConnectAsync })
        {
            BaseAddress = new Uri(address.Scheme == "tcp" ? $"http://{address.Authority}" : "http://docker"),
            Timeout = Timeout.InfiniteTimeSpan,
        };
    }

    /// <summary>Where the engine is: a Unix socket, a named pipe, or a TCP address.</summary>
    public Uri Address { get; }

    /// <summary>Whether the engine runs on this machine as its sockets tell.</summary>
    public bool IsLocal => Address.Scheme != "tcp";

    /// <summary>The engine of <c>DOCKER_HOST</c>, or at one of the usual places.</summary>
    public static DockerEndpoint Find()
    {
        if (Environment.GetEnvironmentVariable("DOCKER_HOST") is { Length: > 0 } named)
        {
            return new DockerEndpoint(new Uri(named));
        }

        if (OperatingSystem.IsWindows())
        {
            return new DockerEndpoint(new Uri("npipe://./pipe/docker_engine"));
        }

        string home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        string runtime = Environment.GetEnvironmentVariable("XDG_RUNTIME_DIR") ?? "/run/user/none";
        string[] places = [DefaultSocket, $"{runtime}/docker.sock", $"{home}/.docker/run/docker.sock", $"{home}/.docker/desktop/docker.sock"];
        return new DockerEndpoint(new Uri("unix://" + (places.FirstOrDefault(File.Exists) ?? DefaultSocket)));
    }

    /// <summary>The newest API version that the engine speaks.</summary>
    /// <exception cref="PostgresUnavailableException">Nothing answers within 3 seconds.</exception>
    public async Task<Version> ApiVersionAsync(CancellationToken cancellationToken)
    {
        using CancellationTokenSource limited = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limited.CancelAfter(ProbeLimit);
        try
        {
            JsonElement version = await _http.GetFromJsonAsync<JsonElement>("/version", limited.Token);
            return Version.Parse(version.GetProperty("ApiVersion").GetString()!);
        }
        catch (Exception e) when (e is HttpRequestException or SocketException or IOException or JsonException
            || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            throw new PostgresUnavailableException($"no Docker engine answers at {Address} within {ProbeLimit.TotalSeconds} s", e);
        }
    }

    /// <summary>Makes sure that the engine has an image, by a pull where it must.</summary>
    /// <exception cref="PostgresUnavailableException">It isn't there and can't be pulled.</exception>
    public async Task EnsureImageAsync(string name, string tag, Action<string>? log, CancellationToken cancellationToken)
    {
        using HttpResponseMessage present = await _http.GetAsync($"/images/{name}:{tag}/json", cancellationToken);
        if (present.StatusCode == HttpStatusCode.OK)
        {
            return;
        }

        log?.Invoke($"Pulling the image {name}:{tag}");
        using CancellationTokenSource limited = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limited.CancelAfter(PullLimit);
        try
        {
            using HttpResponseMessage pulled = await _http.PostAsync($"/images/create?fromImage={name}&tag={tag}", content: null, limited.Token);
            string progress = await pulled.Content.ReadAsStringAsync(limited.Token);

            // A pull that fails on its way is still answered with 200; the last line of progress tells.
            if (!pulled.IsSuccessStatusCode || progress.Contains("\"errorDetail\"", StringComparison.Ordinal))
            {
                throw new PostgresUnavailableException($"the image {name}:{tag} can't be pulled: {progress.Trim().Split('\n')[^1]}");
            }
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new PostgresUnavailableException($"the image {name}:{tag} couldn't be pulled within {PullLimit.TotalMinutes} minutes", e);
        }
    }

    /// <summary>Kills a container and waits until it has ended.</summary>
    public async Task KillAsync(string container)
    {
        using HttpResponseMessage killed = await _http.PostAsync($"/containers/{container}/kill?signal=KILL", content: null);
        killed.EnsureSuccessStatusCode();
        using HttpResponseMessage waited = await _http.PostAsync($"/containers/{container}/wait?condition=not-running", content: null);
        waited.EnsureSuccessStatusCode();
        await waited.Content.ReadAsStringAsync();
    }

    public void Dispose() => _http.Dispose();

    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        if (Address.Scheme == "npipe")
        {
            NamedPipeClientStream pipe = new(".", Path.GetFileName(Address.AbsolutePath), PipeDirection.InOut, PipeOptions.Asynchronous);
            await pipe.ConnectAsync(cancellationToken);
            return pipe;
        }

        Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(Address.AbsolutePath), cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
