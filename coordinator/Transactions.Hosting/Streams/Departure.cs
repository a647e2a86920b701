using Grpc.Core;
using Microsoft.AspNetCore.Connections;

namespace Transactions.Hosting;

/// <summary>Tells a caller that is gone from a failure of ours: that one comes and goes is no error.</summary>
public static class Departure
{
    /// <summary>Whether an exception says no more than that the caller is gone.</summary>
    /// <param name="e">What reading, writing or waiting threw.</param>
    /// <param name="gone">The call's own token.</param>
    // gRPC's streams throw an InvalidOperationException of their own once the request is aborted.
    public static bool Explains(Exception e, CancellationToken gone)
    {
        ArgumentNullException.ThrowIfNull(e);
        return e is IOException or ConnectionAbortedException
            || (gone.IsCancellationRequested && (e is OperationCanceledException || e.GetType() == typeof(InvalidOperationException)));
    }

    /// <summary>Serves a stream; it ends like any other when its caller is gone, for nobody is there to be told.</summary>
    public static async Task ServeAsync(Task stream, ServerCallContext context)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(context);
        try
        {
            await stream.ConfigureAwait(false);
        }
        catch (Exception e) when (Explains(e, context.CancellationToken))
        {
            // What it asked for goes on.
        }
    }
}
