using NodaTime;
using Transactions.Clocks;

namespace Transactions.Model;

/// <summary>How long to wait before something is tried again: exponential backoff with full jitter, within a deadline.</summary>
/// <remarks>Pure: chance and time are given in. Immutable and thread-safe.</remarks>
public sealed record RetryPolicy
{
    // Beyond this the doubled delay passes every allowed maximum.
    private const int MaxDoublings = 30;

    /// <summary>The most that the first wait may take. 1 ms to 10 s; default 5 ms.</summary>
    public Duration BaseDelay { get; init; } = Duration.FromMilliseconds(5);

    /// <summary>The most that any wait may take. At least the base delay, at most 1 min; default 1 s.</summary>
    public Duration MaxDelay { get; init; } = Duration.FromSeconds(1);

    /// <summary>How many runs there may be, the first one counted. 1 to 10,000; default 100.</summary>
    public int MaxAttempts { get; init; } = 100;

    /// <summary>Checks every range.</summary>
    /// <exception cref="ArgumentException">A value lies outside its range; the message names it, the range and the remedy.</exception>
    public void Validate()
    {
        Check(BaseDelay, Duration.FromMilliseconds(1), Duration.FromSeconds(10), nameof(BaseDelay));
        Check(MaxDelay, BaseDelay, Duration.FromMinutes(1), nameof(MaxDelay));
        Check(MaxAttempts, 1, 10_000, nameof(MaxAttempts));
    }

    /// <summary>How long to wait before the next run of a transaction; false when there shall be none.</summary>
    /// <param name="attempt">The run that failed.</param>
    /// <param name="chance">A random number from 0, included, to 1, excluded.</param>
    /// <param name="now">The present.</param>
    /// <param name="deadline">Past this no run shall begin.</param>
    /// <param name="delay">How long to wait; it ends before the deadline.</param>
    public bool TryNext(RetryAttempt attempt, double chance, Timestamp now, Timestamp deadline, out Duration delay)
    {
        delay = Delay(attempt.Number, chance);
        return attempt.Number + 1 < MaxAttempts && now.Plus(delay) < deadline;
    }

    /// <summary>How long to wait before asking again (see <see cref="CommitStep.Wait"/>).</summary>
    /// <param name="attempt">Counts the waits, from 0.</param>
    /// <param name="chance">A random number from 0, included, to 1, excluded.</param>
    /// <exception cref="ArgumentOutOfRangeException">A number is out of its range.</exception>
    public Duration Delay(int attempt, double chance)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(attempt);
        ArgumentOutOfRangeException.ThrowIfNegative(chance);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(chance, 1.0);
        Duration longest = Duration.Min(MaxDelay, BaseDelay * (1L << Math.Min(attempt, MaxDoublings)));
        return longest * chance;
    }

    private static void Check<T>(T value, T least, T most, string name)
        where T : IComparable<T>
    {
        if (value.CompareTo(least) < 0 || value.CompareTo(most) > 0)
        {
            throw new ArgumentException($"{name} is {value}; set it to at least {least} and at most {most}.");
        }
    }
}
