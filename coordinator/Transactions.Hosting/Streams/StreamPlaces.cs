using System.Globalization;
using Grpc.Core;
using Transactions.Model;

namespace Transactions.Hosting;

/// <summary>How many streams of a kind are open, and what each of them begins with.</summary>
/// <remarks>Counted before the Hello, so that silent ones can't pile up either. Thread-safe.</remarks>
/// <param name="whose">What is counted, like "clients' streams".</param>
/// <param name="most">How many there may be.</param>
/// <param name="setting">What sets that.</param>
/// <param name="helloTimeout">How long the first message may take.</param>
/// <param name="helloSetting">What sets that.</param>
/// <param name="timeProvider">Tells how long it took.</param>
public sealed class StreamPlaces(string whose, int most, string setting, TimeSpan helloTimeout, string helloSetting, TimeProvider timeProvider)
{
    private int _open;

    /// <summary>How many are open.</summary>
    public int Open => Volatile.Read(ref _open);

    /// <summary>Takes a place; null when there was one. Either way <see cref="Leave"/> gives it back.</summary>
    public Refusal? Enter() => Interlocked.Increment(ref _open) <= most
        ? null
        : Refusal.Limit("streams", $"{most} {whose} are open, which is the limit ({setting}); try again later.") with { MayRetry = true };

    /// <summary>Gives the place back.</summary>
    public void Leave() => Interlocked.Decrement(ref _open);

    /// <summary>The refusal of a stream that doesn't say Hello, or says it too late.</summary>
    public Refusal MissingHello() => Refusal.Invalid("hello", string.Create(
        CultureInfo.InvariantCulture,
        $"hello is missing; send it in the first message, within {helloTimeout.TotalSeconds} s ({helloSetting})."));

    /// <summary>Reads the first message; null when the stream ended, or kept silent for too long.</summary>
    /// <exception cref="OperationCanceledException">The token fired.</exception>
    public async Task<T?> ReadFirstAsync<T>(IAsyncStreamReader<T> incoming, CancellationToken cancellationToken)
        where T : class
    {
        ArgumentNullException.ThrowIfNull(incoming);
        using CancellationTokenSource timeout = new(helloTimeout, timeProvider);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            return await incoming.MoveNext(either.Token).ConfigureAwait(false) ? incoming.Current : null;
        }
        catch (OperationCanceledException) when (timeout.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            return null;
        }
    }
}
