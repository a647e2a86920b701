using Grpc.AspNetCore.Server;
using Grpc.Core;
using System.IO.Pipelines;
using Transactions.Model;

namespace Transactions.Coordinator.Server.Serving;

// A stream's status is its last word, and lost when the connection closes before the peer has read it, as happens when the
// process stops right after. So the stream's end is sent, and then the peer's own end of it awaited, which comes when it has
// seen ours. A server that stops closes a connection as soon as each of its streams' ends is sent, seen or not: so the stop
// awaits them all before the server hears of it.
internal sealed class StreamEnds(TimeProvider timeProvider)
{
    // For peers that don't read. A lost status is "unknown" to them, which they have to bear anyway.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private readonly Lock _sync = new();
    private int _open;
    private TaskCompletionSource? _noneOpen;

    // The last word of a coordinator that stops.
    public static Refusal Stopping { get; } = Refusal.Unavailable(
        RefusalReason.ShuttingDown, "This coordinator is stopping; connect again when it is back.");

    public void LetPeersSeeIt(EndpointBuilder endpoint)
    {
        bool isStream = endpoint.Metadata.OfType<GrpcMethodMetadata>().Any(m => m.Method.Type == MethodType.DuplexStreaming);
        if (isStream && endpoint.RequestDelegate is { } serve)
        {
            endpoint.RequestDelegate = context => ServeAsync(serve, context);
        }
    }

    // To be called when all streams are ending: returns when their peers have seen it, or don't look.
    public async Task AllSeenAsync()
    {
        Task noneOpen;
        lock (_sync)
        {
            if (_open == 0)
            {
                return;
            }

            _noneOpen ??= new(TaskCreationOptions.RunContinuationsAsynchronously);
            noneOpen = _noneOpen.Task;
        }

        await noneOpen.WaitAsync(Patience, timeProvider).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task ServeAsync(RequestDelegate serve, HttpContext context)
    {
        lock (_sync)
        {
            _open++;
        }

        try
        {
            await serve(context);
            await SendAndAwaitPeerAsync(context);
        }
        finally
        {
            Leave();
        }
    }

    private void Leave()
    {
        lock (_sync)
        {
            if (--_open == 0)
            {
                _noneOpen?.TrySetResult();
                _noneOpen = null;
            }
        }
    }

    private async Task SendAndAwaitPeerAsync(HttpContext context)
    {
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
