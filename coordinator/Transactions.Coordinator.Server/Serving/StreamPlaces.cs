using Grpc.Core;
using Transactions.Model;

namespace Transactions.Coordinator.Server.Serving;

// How many streams of a kind are open, and what each of them begins with. Counted before the Hello, so that silent ones can't pile
// up either.
internal sealed class StreamPlaces(string whose, int most, string setting, TimeSpan helloTimeout, TimeProvider timeProvider)
{
    private int _open;

    public int Open => Volatile.Read(ref _open);

    // Null when there is room. Either way Leave() gives the place back.
    public Refusal? Enter() => Interlocked.Increment(ref _open) <= most
        ? null
        : Refusal.Limit("streams", $"{most} {whose} are connected, which is the limit ({setting}); try again later.") with { MayRetry = true };

    public void Leave() => Interlocked.Decrement(ref _open);

    // Null when the stream ended, or kept silent for too long.
    public async Task<T?> ReadFirstAsync<T>(IAsyncStreamReader<T> incoming, CancellationToken cancellationToken)
        where T : class
    {
        using CancellationTokenSource timeout = new(helloTimeout, timeProvider);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            return await incoming.MoveNext(either.Token) ? incoming.Current : null;
        }
        catch (OperationCanceledException) when (timeout.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            return null;
        }
    }
}
