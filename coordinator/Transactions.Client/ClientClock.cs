using System.Security.Cryptography;
using NodaTime;
using NodaTime.Extensions;
using Transactions.Clocks;

namespace Transactions.Client;

// Time as this machine tells it, which is good for ids and deadlines and checked against coordinators; and chance.
internal sealed class ClientClock(TimeProvider timeProvider)
{
    public TimeProvider TimeProvider => timeProvider;

    public Timestamp Now => Timestamp.FromInstant(timeProvider.GetUtcNow().ToInstant());

    public long Monotonic => timeProvider.GetTimestamp();

    public Duration Since(long monotonic) => Duration.FromTimeSpan(timeProvider.GetElapsedTime(monotonic));

    // Task.Delay drops fractions of a millisecond: round up, or short backoffs would spin.
    public Task DelayAsync(Duration duration, CancellationToken cancellationToken) =>
        Task.Delay(RoundUp(duration), timeProvider, cancellationToken);

    public CancellationTokenSource CancelAfter(TimeSpan time) => new(time, timeProvider);

    public static TimeSpan RoundUp(Duration duration) => TimeSpan.FromMilliseconds(Math.Max(0, Math.Ceiling(duration.TotalMilliseconds)));

    // From 0, included, to 1, excluded.
    public static double Chance() => RandomNumberGenerator.GetInt32(int.MaxValue) / (double)int.MaxValue;

    public static long Random64() => BitConverter.ToInt64(RandomNumberGenerator.GetBytes(sizeof(long)));
}
