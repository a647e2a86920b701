using Grpc.Net.Client;

namespace Transactions.Client;

// Our own channels: one connection kept open per peer, pinged so that a silent peer is noticed.
internal static class Channels
{
    // A reply of many large values is one message.
    private const int MaxReceiveBytes = 256 << 20;

    public static GrpcChannel Open(Uri address, TimeSpan connectTimeout) => GrpcChannel.ForAddress(address, new GrpcChannelOptions
    {
        HttpHandler = new SocketsHttpHandler
        {
            EnableMultipleHttp2Connections = true,
            ConnectTimeout = connectTimeout,
            PooledConnectionIdleTimeout = Timeout.InfiniteTimeSpan,
            KeepAlivePingDelay = TimeSpan.FromSeconds(10),
            KeepAlivePingTimeout = TimeSpan.FromSeconds(5),
            UseProxy = false,

            // Its own spans on every call would only repeat ours.
            ActivityHeadersPropagator = null,
        },
        DisposeHttpClient = true,
        MaxReceiveMessageSize = MaxReceiveBytes,

        // X2, D4: what is asked again, and where, is the protocol's to say.
        DisableResolverServiceConfig = true,
    });
}
