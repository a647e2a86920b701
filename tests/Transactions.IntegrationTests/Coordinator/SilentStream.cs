using Grpc.Core;
using Transactions.Model;
using Xunit;

namespace Transactions.IntegrationTests.Coordinator;

/// <summary>A stream that never says anything, and holds the only place there is all the same.</summary>
public static class SilentStream
{
    /// <summary>Opens one that holds the place.</summary>
    /// <param name="open">Opens a stream.</param>
    /// <param name="next">Opens another one and is welcomed, or refused for want of a place.</param>
    /// <returns>The silent one, to be disposed of, and the refusal of the other one.</returns>
    public static async Task<(IDisposable Silent, Refusal Refusal)> HoldAsync<TRequest, TReply>(
        Func<AsyncDuplexStreamingCall<TRequest, TReply>> open, Func<Task> next)
    {
        AsyncDuplexStreamingCall<TRequest, TReply>? silent = null;
        Task ended = Task.CompletedTask;
        Refusal? refusal = null;
        await Eventually.IsTrueAsync(
            async () =>
            {
                // Where the other one came first, it had the place, and the silent one was refused.
                if (ended.IsCompleted)
                {
                    silent?.Dispose();
                    silent = open();
                    ended = silent.ResponseStream.MoveNext(TestContext.Current.CancellationToken);
                }

                refusal = await Refused.OfAsync(next);
                return refusal is not null && !ended.IsCompleted;
            },
            () => "Silent streams aren't counted.");
        return (silent!, refusal!);
    }
}
