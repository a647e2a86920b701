using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;

namespace Transactions.Hosting;

/// <summary>Where a process answers gRPC: on loopback unless it is told otherwise.</summary>
public static class GrpcListening
{
    // A client's calls share one connection, and each may wait for a commit: far more than the usual 100 at once.
    private const int MostStreamsPerConnection = 10_000;

    // The frames of thousands of transactions must not wait for window updates.
    private const int ConnectionWindowBytes = 8 << 20;

    private const int StreamWindowBytes = 2 << 20;

    private static readonly string[] EveryAddress = ["0.0.0.0", "[::]", "*", "+"];

    // So soon is a peer noticed that vanished without a word.
    private static readonly TimeSpan KeepAlive = TimeSpan.FromSeconds(10);

    /// <summary>Listens for gRPC on one address: HTTP/2, in clear text or with TLS.</summary>
    /// <param name="builder">The application's builder.</param>
    /// <param name="url">
    /// <c>http://address:port</c>, or <c>https://address:port</c> with the certificate of the configuration's section
    /// <c>Kestrel:Certificates:Default</c>; <c>localhost</c> means 127.0.0.1, port 0 any free one.
    /// </param>
    /// <exception cref="ArgumentException">It isn't such an address; the message says the remedy.</exception>
    public static void ListenForGrpc(this WebApplicationBuilder builder, string url)
    {
        ArgumentNullException.ThrowIfNull(builder);
        (IPEndPoint endpoint, bool isSecure) = Parse(url);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            Http2Limits limits = kestrel.Limits.Http2;
            limits.MaxStreamsPerConnection = MostStreamsPerConnection;
            limits.InitialConnectionWindowSize = ConnectionWindowBytes;
            limits.InitialStreamWindowSize = StreamWindowBytes;
            limits.KeepAlivePingDelay = KeepAlive;
            limits.KeepAlivePingTimeout = KeepAlive;
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.Listen(endpoint, listen =>
            {
                listen.Protocols = HttpProtocols.Http2;
                if (isSecure)
                {
                    listen.UseHttps();
                }
            });
        });
    }

    /// <summary>The first address that a started application answers on, with a host that this machine can dial.</summary>
    /// <exception cref="InvalidOperationException">It listens nowhere.</exception>
    public static string FindAddress(IServiceProvider services) =>
        Bound(services).Replace("//0.0.0.0:", "//127.0.0.1:", StringComparison.Ordinal).Replace("//[::]:", "//[::1]:", StringComparison.Ordinal);

    /// <summary>The first address that a started application answers on, if other machines can dial it as it stands.</summary>
    /// <returns>Null when the application listens on every address of its machine: which of them others reach, it can't know.</returns>
    /// <exception cref="InvalidOperationException">It listens nowhere.</exception>
    public static string? FindEndpoint(IServiceProvider services) => IsOnEveryAddress(Bound(services)) ? null : Bound(services);

    /// <summary>Whether an address names every address of a machine, and so none that another one could dial.</summary>
    public static bool IsOnEveryAddress(string address)
    {
        ArgumentNullException.ThrowIfNull(address);
        int start = address.IndexOf("://", StringComparison.Ordinal);
        string host = start < 0 ? address : address[(start + 3)..];
        return EveryAddress.Any(every => host == every || host.StartsWith($"{every}:", StringComparison.Ordinal) || host.StartsWith($"{every}/", StringComparison.Ordinal));
    }

    /// <summary>Prints <c>listening on http://127.0.0.1:43123</c> to standard output once the application has started.</summary>
    public static void AnnounceAddress(this WebApplication app)
    {
        ArgumentNullException.ThrowIfNull(app);
        app.Lifetime.ApplicationStarted.Register(() => Console.Out.WriteLine($"listening on {FindAddress(app.Services)}"));
    }

    private static string Bound(IServiceProvider services)
    {
        ArgumentNullException.ThrowIfNull(services);
        return services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()?.Addresses.FirstOrDefault()
            ?? throw new InvalidOperationException("The application listens nowhere; add an address to listen on.");
    }

    private static (IPEndPoint Endpoint, bool IsSecure) Parse(string url)
    {
        if (Uri.TryCreate(url, UriKind.Absolute, out Uri? uri)
            && (uri.Scheme == Uri.UriSchemeHttp || uri.Scheme == Uri.UriSchemeHttps))
        {
            string host = uri.Host == "localhost" ? "127.0.0.1" : uri.DnsSafeHost;
            if (IPAddress.TryParse(host, out IPAddress? address))
            {
                // A URI without a port says 80 or 443; whoever wants that writes it.
                return (new IPEndPoint(address, uri.Port), uri.Scheme == Uri.UriSchemeHttps);
            }
        }

        throw new ArgumentException($"'{url}' is no address to listen on; write it like 'http://127.0.0.1:5001', with port 0 for any free one.");
    }
}
