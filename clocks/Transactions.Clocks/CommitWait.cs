using NodaTime;
using NodaTime.Extensions;

namespace Transactions.Clocks;

/// <summary>Holds back an answer until its timestamp is past on every node whose clock bound holds.</summary>
/// <remarks>
/// X9, the pattern <i>Clock-Bound Wait</i>. Runs beside the durable decision and before the client is told. Stopping the
/// wait doesn't undo the commit: recovery waits again. Thread-safe: there is no mutable state.
/// </remarks>
public sealed class CommitWait
{
    private readonly IBoundedClock _clock;
    private readonly TimeProvider _timeProvider;
    private readonly CommitWaitOptions _options;

    /// <summary>Makes a wait on a clock.</summary>
    /// <param name="clock">The clock that must be past; read afresh after every delay.</param>
    /// <param name="timeProvider">Measures and makes the delays.</param>
    /// <param name="options">The limit.</param>
    /// <exception cref="ArgumentException">The options are not valid.</exception>
    public CommitWait(IBoundedClock clock, TimeProvider timeProvider, CommitWaitOptions options)
    {
        ArgumentNullException.ThrowIfNull(clock);
        ArgumentNullException.ThrowIfNull(timeProvider);
        ArgumentNullException.ThrowIfNull(options);
        OptionErrors.ThrowIfAny(options.Validate(), nameof(options));
        (_clock, _timeProvider, _options) = (clock, timeProvider, options);
    }

    /// <summary>Waits until true time is certainly later than <paramref name="commitTimestamp"/>.</summary>
    /// <exception cref="ClockUnhealthyException">The clock became unhealthy, or the wait would exceed
    /// <see cref="CommitWaitOptions.MaxWait"/>; the transaction is committed if its decision is durable, and may not be
    /// reported before another wait succeeded.</exception>
    /// <exception cref="OperationCanceledException">The token fired; the transaction is as above.</exception>
    public async ValueTask UntilPastAsync(Timestamp commitTimestamp, CancellationToken cancellationToken)
    {
        long startedAt = _timeProvider.GetTimestamp();

        while (true)
        {
            Duration remaining = _clock.Now().Until(commitTimestamp);
            if (remaining < Duration.Zero)
            {
                return;
            }

            if (_timeProvider.GetElapsedTime(startedAt).ToDuration() + remaining > _options.MaxWait)
            {
                throw ClockUnhealthyException.WaitTooLong(remaining, _options.MaxWait);
            }

            await Task.Delay(RoundUp(remaining), _timeProvider, cancellationToken).ConfigureAwait(false);
        }
    }

    // Task.Delay drops fractions of a millisecond and may fire early, so round up; the loop reads the clock again.
    private static TimeSpan RoundUp(Duration remaining) => TimeSpan.FromMilliseconds(Math.Floor(remaining.TotalMilliseconds) + 1);
}
