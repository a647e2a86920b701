using Grpc.AspNetCore.Server;
using Grpc.Core;
using System.IO.Pipelines;
using Transactions.Model;

namespace Transactions.Coordinator.Server.Serving;

// A stream's status is its last word, and lost when the connection closes before the peer has read it, as happens when the
// process stops right after. So the stream's end is sent, and then the peer's own end of it awaited, which comes when it has
// seen ours: until then Kestrel keeps the connection.
internal static class StreamEnd
{
    // For peers that don't read. A lost status is "unknown" to them, which they have to bear anyway.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    // The last word of a coordinator that stops.
    public static Refusal Stopping { get; } = Refusal.Unavailable(
        RefusalReason.ShuttingDown, "This coordinator is stopping; connect again when it is back.");

    public static void LetPeersSeeIt(EndpointBuilder endpoint)
    {
        bool isStream = endpoint.Metadata.OfType<GrpcMethodMetadata>().Any(m => m.Method.Type == MethodType.DuplexStreaming);
        if (isStream && endpoint.RequestDelegate is { } serve)
        {
            endpoint.RequestDelegate = async context =>
            {
                await serve(context);
                await SendAndAwaitPeerAsync(context);
            };
        }
    }

    private static async Task SendAndAwaitPeerAsync(HttpContext context)
    {
        TimeProvider timeProvider = context.RequestServices.GetRequiredService<TimeProvider>();
        using CancellationTokenSource patience = new(Patience, timeProvider);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, context.RequestAborted);
        try
        {
            await context.Response.CompleteAsync();
            PipeReader unread = context.Request.BodyReader;
            while (await unread.ReadAsync(either.Token) is { IsCompleted: false, IsCanceled: false } read)
            {
                unread.AdvanceTo(read.Buffer.End);
            }
        }
        catch (Exception gone) when (gone is OperationCanceledException or IOException)
        {
            // It hung up, or never will.
        }
    }
}
