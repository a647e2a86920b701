using Grpc.Core;

namespace Transactions.Client;

// A request on a stream got no reply.
internal sealed class UnansweredException : Exception
{
    private UnansweredException(string message, Exception? cause)
        : base(message, cause)
    {
    }

    // Whether the request may have reached the peer: if so, what it did is unknown.
    public bool WasSent { get; private init; }

    // Whether too many others wait, and nothing else is wrong.
    public bool IsQueueFull { get; private init; }

    // Whether the stream had been in use, so that a new one is likely to help.
    public bool WasWelcomed { get; private init; }

    public static UnansweredException Full(string peer, int most) => new(
        $"{most} requests wait for {peer} already; send fewer at once, or raise MaxQueuedRequests.", null) { IsQueueFull = true };

    public static UnansweredException Broken(string peer, bool wasSent, bool wasWelcomed, Exception cause) => new(
        $"The stream to {peer} {(wasSent ? "broke before it answered" : "couldn't be used, and nothing was sent")}: {Tell(cause)}", cause)
    {
        WasSent = wasSent, WasWelcomed = wasWelcomed,
    };

    public static string Tell(Exception cause) => cause is RpcException rpc ? $"{rpc.StatusCode}: {rpc.Status.Detail}" : cause.Message;
}
